// A page of settings: its title, a sentence on what it is for, and what stands on it.

import { html } from "../view.js";

/** @param {{ title: string, why?: string, acts?: unknown, children?: unknown }} props */
export function Sheet({ title, why, acts, children }) {
  return html`<div class="page narrow">
    <header class="page-head"><div><h2>${title}</h2>${why && html`<p class="quiet">${why}</p>`}</div>${acts}</header>
    ${children}
  </div>`;
}
