// What this browser remembers of its user: language, scheme, keys, the community last looked at, drafts.

import { effect, signal } from "@preact/signals";

const PREFIX = "foureyes.";

/** @param {string} name */
export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null; // storage is switched off: everything works, nothing is remembered
  }
}

/** @param {string} name @param {string | null} value null forgets it */
export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // the same
  }
}

/** Names of everything kept that begins like this. @param {string} start */
export function recalled(start) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX + start)).map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

/** A signal whose value outlives the page. @template {string} T @param {string} name @param {T} initial */
function kept(name, initial) {
  const value = signal(/** @type {T} */ (recall(name) ?? initial));
  effect(() => remember(name, value.value));
  return value;
}

const spoken = navigator.language.toLowerCase().startsWith("de") ? "de" : "en";

export const language = kept("language", /** @type {"de" | "en"} */ (spoken));
export const scheme = kept("scheme", /** @type {"system" | "light" | "dark"} */ ("system"));
export const singleKeys = kept("keys", /** @type {"on" | "off"} */ ("on"));
export const density = kept("density", /** @type {"comfortable" | "compact"} */ ("comfortable"));
export const lastCommunity = kept("community", /** @type {string} */ (""));
export const startIsHidden = kept("start", /** @type {"shown" | "hidden"} */ ("shown"));

effect(() => {
  const root = document.documentElement;
  if (scheme.value === "system") delete root.dataset["scheme"];
  else root.dataset["scheme"] = scheme.value;
  root.dataset["density"] = density.value;
});
