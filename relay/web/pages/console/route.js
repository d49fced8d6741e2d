// Where the console is: the part of the address behind #, as community, page and what is open in it.

import { computed, signal } from "@preact/signals";

export const COMPANY = "-"; // stands in the place of a community for pages that belong to none; no slug is a hyphen alone

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

/** `#/pool/inbox/open/ID` is { slug: "pool", page: "inbox", rest: ["open", "ID"] }. */
export const route = computed(() => {
  const [slug = "", page = "", ...rest] = hash.value.replace(/^#\/?/, "").split("/").map(decode);
  return { slug, page, rest };
});

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
}

/** @param {...string} parts */
export function to(...parts) {
  return `#/${parts.filter((part) => part !== "").map(encodeURIComponent).join("/")}`;
}

/** @param {...string} parts */
export function go(...parts) {
  location.hash = to(...parts);
}

/** The same, without a step that the back button would have to take. @param {...string} parts */
export function replace(...parts) {
  history.replaceState(null, "", to(...parts));
  hash.value = location.hash;
}
