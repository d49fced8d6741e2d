// How hard a passphrase is to guess, roughly: length counts, repetition and usual words do not. The relay has the last word.

const COMMON = [
  "password", "passwort", "passphrase", "kennwort", "letmein", "willkommen", "welcome", "qwert", "qwertz", "asdf", "iloveyou",
  "sommer", "summer", "winter", "hallo", "hello", "admin", "foureyes", "schwimmbad", "secret", "geheim", "abc", "123", "111",
  "000", "2024", "2025", "2026",
];
const RUNS = "abcdefghijklmnopqrstuvwxyz 01234567890 qwertzuiop qwertyuiop asdfghjkl yxcvbnm zxcvbnm";
const BITS = { letters: 26, capitals: 26, digits: 10, others: 33 };
const STEPS = [40, 55, 70]; // bits from which it is fair, good, strong
export const SHORTEST = 12;

/**
 * 0 weak, 1 fair, 2 good, 3 strong.
 * @param {string} text
 * @param {string} name words of the person themselves count for nothing
 */
export function strength(text, name) {
  if (text.length < SHORTEST) return 0;
  return STEPS.filter((step) => bits(text, name) >= step).length;
}

/** @param {string} text @param {string} name */
function bits(text, name) {
  let pool = 0;
  if (/\p{Ll}/u.test(text)) pool += BITS.letters;
  if (/\p{Lu}/u.test(text)) pool += BITS.capitals;
  if (/\d/.test(text)) pool += BITS.digits;
  if (/[^\p{L}\d]/u.test(text)) pool += BITS.others;
  return counted(text.toLowerCase(), name.toLowerCase()) * Math.log2(Math.max(pool, 2)) * 0.75;
}

/** How many characters tell something new. @param {string} text @param {string} name */
function counted(text, name) {
  let rest = text;
  for (const known of [...COMMON, ...name.split(/\s+/).filter((part) => part.length > 2)]) rest = rest.replaceAll(known, "x");
  let count = 0;
  for (let at = 0; at < rest.length; at++) {
    const pair = rest.slice(at - 1, at + 1);
    const isRepeated = at > 0 && (rest[at] === rest[at - 1] || RUNS.includes(pair));
    count += isRepeated ? 0.2 : rest.indexOf(rest.slice(at, at + 3)) < at ? 0.4 : 1;
  }
  return count;
}
