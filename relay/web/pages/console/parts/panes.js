// The panes of a page: a list, what is open in it, and what stands beside that. Narrow screens show one of them at a time.

import { html, useEffect, useRef } from "../view.js";
import { t } from "../words.js";
import { Icon } from "./icons.js";

const ONE_PANE = "(max-width: 44.99rem)"; // as in frame.css

/**
 * @param {{ title: string, list: unknown, listLabel: string, detail?: unknown, context?: unknown, back: string,
 *   isOpen: boolean }} props
 *   `back` is the address of the list alone
 */
export function Panes({ title, list, listLabel, detail, context, back, isOpen }) {
  const detailPane = useRef(/** @type {HTMLElement | null} */ (null));
  const listPane = useRef(/** @type {HTMLElement | null} */ (null));
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} · Four Eyes`;
  }, [title]);
  useEffect(() => {
    if (isOpen && matchMedia(ONE_PANE).matches) detailPane.current?.focus(); // the list that had the focus is gone
  }, [isOpen]);
  useEffect(() => {
    // What had the focus went with what was open, by an act: the reader goes on where the page goes on.
    if (!isFirst.current && document.activeElement === document.body) (isOpen ? detailPane : listPane).current?.focus();
    isFirst.current = false;
  }, [title, isOpen]);
  return html`<main class="panes" data-open=${isOpen ? "detail" : "list"} data-context=${context ? "yes" : "no"}>
    <h1 class="unseen">${title}</h1>
    <section class="pane list" ref=${listPane} tabindex="-1" aria-label=${listLabel}>${list}</section>
    <section class="pane detail" ref=${detailPane} tabindex="-1"
      aria-label=${isOpen && title !== listLabel ? title : undefined}>
      ${isOpen && html`<a class="back" href=${back}><${Icon} name="back" />${listLabel}</a>`}
      ${detail}
    </section>
    ${context && html`<aside class="pane context" aria-label=${t("context")}>${context}</aside>`}
  </main>`;
}

/** The head of a pane. @param {{ title: unknown, children?: unknown }} props */
export function Head({ title, children }) {
  return html`<header class="head"><h2>${title}</h2>${children && html`<div class="head-acts">${children}</div>`}</header>`;
}

/**
 * A list whose open row is told to everybody, and which j and k walk through.
 * @param {{ label: string, children: unknown }} props
 */
export function Rows({ label, children }) {
  const element = useRef(/** @type {HTMLUListElement | null} */ (null));
  return html`<ul ref=${element} class="rows" aria-label=${label} data-walk="yes">${children}</ul>`;
}

/** @param {{ href: string, isOpen: boolean, children: unknown, class?: string }} props */
export function Row({ href, isOpen, children, class: more = "" }) {
  return html`<li><a class=${`row ${more}`} href=${href} aria-current=${isOpen ? "true" : undefined}>${children}</a></li>`;
}

/**
 * The list again: the focus goes to its open row, and where one pane is shown at a time that pane to the list.
 * @param {string} back
 */
export function toList(back) {
  const row = document.querySelector("[data-walk] a.row[aria-current=true]");
  if (row instanceof HTMLElement && row.offsetParent !== null) row.focus();
  else location.hash = back;
}

/** Opens the row behind or before the one that is open or has the focus. @param {1 | -1} step */
export function walk(step) {
  const rows = [...document.querySelectorAll("[data-walk] a.row")].filter((row) => row instanceof HTMLElement);
  const at = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const open = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const place = at >= 0 ? at : open;
  const goal = rows[place < 0 ? 0 : Math.min(Math.max(place + step, 0), rows.length - 1)];
  goal?.focus();
  if (goal instanceof HTMLAnchorElement && !matchMedia(ONE_PANE).matches) goal.click();
}
