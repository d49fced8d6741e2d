// Words in the language of the page, with plurals, numbers and times as that language writes them.

import { effect, signal } from "@preact/signals";

import { language } from "./prefs.js";

/**
 * @typedef {keyof typeof import("./words/en.json")} Written every key of the catalogue
 * @typedef {Written extends infer K
 *   ? K extends `${infer Base}.other` ? Base : K extends `${string}.one` ? never : K
 *   : never} Key of plurals the common beginning
 * @typedef {Record<string, string | number>} Values
 */

const catalogue = signal(/** @type {Record<string, string>} */ ({}));
const saying = signal(/** @type {Record<string, string>} */ ({}));
const spoken = signal(/** @type {"de" | "en"} */ ("en"));

/** The page is drawn again when they are there. @param {"de" | "en"} wanted */
async function load(wanted) {
  const [words, said] = await Promise.all([asset(wanted), wanted === "en" ? {} : asset(`said.${wanted}`)]);
  if (wanted !== language.value) return;
  catalogue.value = words;
  saying.value = said;
  spoken.value = wanted;
  document.documentElement.lang = wanted;
}

/** @param {string} name @returns {Promise<Record<string, string>>} */
async function asset(name) {
  const answer = await fetch(`/assets/console/words/${name}.json`);
  if (!answer.ok) throw new Error(name);
  return answer.json();
}

let loading = Promise.resolve();
effect(() => {
  loading = load(language.value).catch(() => undefined); // the language before stays
});

/** Comes when the words of the chosen language are there, or are not to be had. */
export const loaded = () => loading;

/**
 * The words under a key. `{name}` in them becomes the value; with `n` the plural form is chosen by it.
 * @param {Key} key
 * @param {Values} [values]
 */
export function t(key, values = {}) {
  const words = catalogue.value;
  const n = values["n"];
  const form = typeof n === "number" ? words[`${key}.${new Intl.PluralRules(spoken.value).select(n)}`] : undefined;
  const text = form ?? words[`${key}.other`] ?? words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, /** @type {string} */ name) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? number(value) : value;
  });
}

/** What the relay says of a request, in English, in the page's language where that is known. @param {string} text */
export function translated(text) {
  const known = saying.value[text];
  if (known !== undefined) return known;
  for (const [pattern, meant] of Object.entries(saying.value)) {
    if (!pattern.includes("{}")) continue;
    const parts = pattern.split("{}").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const found = new RegExp(`^${parts.join("(.+)")}$`, "u").exec(text)?.slice(1);
    if (found) return meant.replace(/\{\}/g, () => found.shift() ?? "");
  }
  return text;
}

/**
 * A word for what the wire says, such as a state; its own name where there is none.
 * @param {string} prefix
 * @param {string} name
 */
export function word(prefix, name) {
  return catalogue.value[`${prefix}.${name}`] ?? name;
}

/** @param {number} value @param {number} [digits] behind the point */
export function number(value, digits = 0) {
  const form = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(spoken.value, form).format(value);
}

/** @param {string | null} at */
export function dateTime(at) {
  return at ? new Intl.DateTimeFormat(spoken.value, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at)) : "";
}

/** @param {string} at */
export function date(at) {
  return new Intl.DateTimeFormat(spoken.value, { dateStyle: "long" }).format(new Date(at));
}

/** @param {string} at */
export function clock(at) {
  return new Intl.DateTimeFormat(spoken.value, { timeStyle: "short" }).format(new Date(at));
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, or in how long: "5 min", "2 h", a date from a week on. @param {string} at @param {number} now */
export function ago(at, now) {
  const seconds = (Date.parse(at) - now) / 1000;
  const far = Math.abs(seconds);
  if (far < MINUTE) return t("time.now");
  if (far >= 7 * DAY) return new Intl.DateTimeFormat(spoken.value, { day: "numeric", month: "short" }).format(new Date(at));
  const [size, unit] = far < HOUR ? [MINUTE, "minute"] : far < DAY ? [HOUR, "hour"] : [DAY, "day"];
  const form = /** @type {const} */ ({ style: "unit", unitDisplay: "short" });
  return new Intl.NumberFormat(spoken.value, { ...form, unit }).format(Math.round(far / size));
}

/** Several things as a sentence lists them. @param {string[]} things */
export function list(things) {
  return new Intl.ListFormat(spoken.value, { type: "conjunction" }).format(things);
}

/** The name of a language, such as "Deutsch", as the page's own language calls it. @param {string} code */
export function languageName(code) {
  try {
    return new Intl.DisplayNames(spoken.value, { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
