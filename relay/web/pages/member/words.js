// The words and times of the page, in the language that the server chose for it.

const page = document.body;
const language = document.documentElement.lang === "de" ? "de" : "en-GB";
const timeZone = page.dataset["zone"] || undefined;

/** @type {Record<string, string>} */
const words = JSON.parse(page.dataset["words"] || "{}");
const plural = new Intl.PluralRules(language);
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", timeZone });
const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });

/** The text of that name. @param {string} key */
export function say(key) {
  return words[key] ?? key;
}

/** The text for so many. @param {string} key @param {number} number */
export function count(key, number) {
  return say(`${key}.${plural.select(number)}`).replace("{number}", String(number));
}

/** As the server writes it: "21. November, 14:05". @param {string} at */
export function moment(at) {
  const date = new Date(at);
  return `${day.format(date)}, ${time.format(date)}`;
}
