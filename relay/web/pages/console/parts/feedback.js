// What the page says about itself: that it waits, that there is nothing, that something went wrong, that something is done.

import { Problem } from "../api.js";
import { html, signal, useEffect, useState } from "../view.js";
import { t, translated } from "../words.js";
import { Icon } from "./icons.js";

/** @typedef {import("./icons.js").IconName} IconName */

const SHAPE_AFTER = 300; // ms: what is faster needs no sign
const TOAST_FOR = 6000; // ms, longer than it takes to read two lines
const BAD_FOR = 15_000; // ms: what went wrong is read twice

/** The shape of what comes, once it is late. @param {{ rows?: number, kind?: "rows" | "text" }} props */
export function Skeleton({ rows = 5, kind = "rows" }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), SHAPE_AFTER);
    return () => clearTimeout(timer);
  }, []);
  if (!isLate) return null;
  return html`<div class=${`skeleton ${kind}`} role="status" aria-label=${t("loading")}>
    ${Array.from({ length: rows }, (_, place) => html`<div key=${place}><span></span><span></span></div>`)}
  </div>`;
}

/**
 * Why there is nothing, and one thing to do about it.
 * @param {{ icon: IconName, title: string, why?: string, children?: unknown }} props
 */
export function Empty({ icon, title, why, children }) {
  return html`<div class="empty"><${Icon} name=${icon} /><p class="strong">${title}</p>${why && html`<p>
    ${why}</p>`}${children}</div>`;
}

/**
 * @param {unknown} problem
 * @returns {{ what: string, means: string }} what happened, and what it means for the messages and for who reads it
 */
export function explained(problem) {
  const status = problem instanceof Problem ? problem.status : -1;
  const detail = problem instanceof Error ? translated(problem.message) : "";
  if (status < 0) return { what: t("problem.page"), means: t("problem.page.means") };
  if (status === 0) return { what: t("problem.unreachable"), means: t("problem.unreachable.means") };
  if (status === 403) return { what: t("problem.denied"), means: t("problem.denied.means") };
  if (status === 404) return { what: t("problem.gone"), means: t("problem.gone.means") };
  if (status === 409) return { what: t("problem.conflict"), means: detail };
  if (status === 422 || status === 413) return { what: t("problem.invalid"), means: faults(problem) || detail };
  if (status === 429) return { what: t("problem.many"), means: t("problem.many.means") };
  if (status === 503) return { what: t("problem.unavailable"), means: detail };
  return { what: t("problem.internal"), means: `${t("problem.internal.means")} ${detail}`.trim() };
}

/** @param {unknown} problem */
function faults(problem) {
  if (!(problem instanceof Problem)) return "";
  return problem.faults.map((fault) => `${fault.loc.slice(1).join(".")}: ${translated(fault.msg)}`).join("; ");
}

/** What is wrong with one field of a body, as the relay says it. @param {unknown} problem @param {...(string | number)} loc */
export function faultAt(problem, ...loc) {
  if (!(problem instanceof Problem)) return undefined;
  const found = problem.faults.find((fault) => fault.loc.slice(1, loc.length + 1).join() === loc.join());
  return found && translated(found.msg);
}

/** @param {{ problem: unknown, onRetry?: (() => void) | undefined }} props */
export function Trouble({ problem, onRetry }) {
  if (!problem) return null;
  const { what, means } = explained(problem);
  return html`<div class="trouble" role="alert">
    <${Icon} name="warn" />
    <div><p class="strong">${what}</p><p>${means}</p></div>
    ${onRetry && html`<button type="button" onClick=${onRetry}>${t("retry")}</button>`}
  </div>`;
}

/** @typedef {{ id: number, text: string, isBad: boolean }} Toast */

const toasts = signal(/** @type {Toast[]} */ ([]));
let last = 0;

/** Says it once, below, without taking the focus. @param {string} text @param {boolean} [isBad] */
export function toast(text, isBad = false) {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-2), { id, text, isBad }];
  setTimeout(() => (toasts.value = toasts.value.filter((one) => one.id !== id)), isBad ? BAD_FOR : TOAST_FOR);
}

/** The same for what went wrong. @param {unknown} problem */
export function complain(problem) {
  const { what, means } = explained(problem);
  toast(`${what} ${means}`, true);
}

export function Toasts() {
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.value.map(
      (one) => html`<p key=${one.id} class=${one.isBad ? "toast bad" : "toast"}><${Icon} name=${one.isBad ? "warn" : "check"} />
        ${one.text}</p>`,
    )}
  </div>`;
}
