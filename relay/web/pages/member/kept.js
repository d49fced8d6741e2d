// What this browser keeps of one member's page: a draft, and what was not accepted yet. It survives a reload and ends with the
// sign-in; what others left here goes as soon as the page is looked at.

const shelf = `relay${document.body.dataset["home"] ?? ""}/`;
const own = `${shelf}${document.body.dataset["member"] ?? ""}/`;

/** @typedef {{client_id: string, text: string, to: string | null}} Unsent */

/** @returns {string} */
export function draft() {
  return read(`${own}draft`) ?? "";
}

/** @param {string} text */
export function keepDraft(text) {
  write(`${own}draft`, text || null);
}

/** @returns {Unsent[]} */
export function unsent() {
  try {
    const found = JSON.parse(read(`${own}unsent`) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** @param {Unsent} one */
export function keepUnsent(one) {
  write(`${own}unsent`, JSON.stringify([...unsent(), one]));
}

/** @param {string} clientId */
export function dropUnsent(clientId) {
  const left = unsent().filter((one) => one.client_id !== clientId);
  write(`${own}unsent`, left.length ? JSON.stringify(left) : null);
}

export function forget() {
  keepDraft("");
  write(`${own}unsent`, null);
}

/** Nobody finds, and nobody sends, what somebody else wrote at this browser. */
function forgetOthers() {
  for (const key of keys()) {
    if (key.startsWith(shelf) && !key.startsWith(own)) write(key, null);
  }
}

/** Storage may be off; then nothing is kept. @returns {string[]} */
function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

/** @param {string} key */
function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string | null} value */
function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Full or off: what is on the page stays there.
  }
}

forgetOthers();
