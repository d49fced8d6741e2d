// The one place where templates meet preact: html`...` makes nodes, and text stays text whatever is in it.

import htm from "htm";
import { h } from "preact";

/** @typedef {import("preact").ComponentChildren} Children */

export const html = htm.bind(h);

/** Hands what stands in a field to `set` as it is typed. @param {(text: string) => void} set */
export function typed(set) {
  return (/** @type {Event} */ event) => set(/** @type {HTMLInputElement} */ (event.currentTarget).value);
}

export { Fragment, render } from "preact";
export { useEffect, useErrorBoundary, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
export { computed, effect, signal } from "@preact/signals";
