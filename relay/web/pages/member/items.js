// Items of the stream, drawn by the server's own templates; texts of others go in as text and never as markup.

import { pieces } from "../look/links.js";
import { moment } from "./words.js";

/**
 * @typedef {object} Item
 * @property {number} seq
 * @property {"post" | "message" | "notice"} kind
 * @property {string} id
 * @property {string} at
 * @property {{role: string, name: string}} from
 * @property {string} text
 * @property {string | null} title
 * @property {{id: string, label: string, opens_thread: boolean}[]} buttons
 * @property {string} [case]
 */

export const list = /** @type {HTMLOListElement} */ (document.querySelector(".items"));
const empty = /** @type {HTMLElement} */ (document.querySelector(".empty"));

/** @param {string} id @returns {HTMLLIElement | null} */
export function find(id) {
  return list.querySelector(`[data-id="${CSS.escape(id)}"]`);
}

/** A new element at the end of the stream. @param {Item} item */
export function draw(item) {
  const own = item.from.role === "self";
  const element = shape(item.kind === "message" ? (own ? "own" : "answer") : item.kind);
  fill(element, item);
  list.append(element);
  empty.hidden = true;
  return element;
}

/** @param {string} look @returns {HTMLLIElement} */
function shape(look) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(look));
  const drawn = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  return /** @type {HTMLLIElement} */ (drawn.querySelector("li"));
}

/** @param {HTMLLIElement} element @param {Item} item */
export function fill(element, item) {
  element.id = `${item.kind === "post" ? "p" : "m"}-${item.id}`;
  element.dataset["id"] = item.id;
  element.dataset["seq"] = String(item.seq);
  const written = pieces(item.text).map((piece) => (piece.isAddress ? link(piece.text) : piece.text));
  slot(element, "text")?.replaceChildren(...written);
  put(element, "name", item.from.name);
  if (item.title) put(element, "title", item.title);
  else slot(element, "title")?.remove();
  const from = slot(element, "from");
  if (from && item.from.role === "bot") from.textContent = from.dataset["bot"] ?? "";
  const at = slot(element, "at");
  if (at) {
    at.setAttribute("datetime", item.at);
    at.textContent = moment(item.at);
  }
  const reply = slot(element, "reply");
  if (reply instanceof HTMLAnchorElement) reply.href = reply.href.replace(/to=[^#]*/, `to=${encodeURIComponent(item.id)}`);
  fillButtons(element, item);
  fillAppeal(element, item);
}

/** @param {string} address */
function link(address) {
  const element = document.createElement("a");
  element.href = element.textContent = address;
  element.target = "_blank";
  element.rel = "noopener noreferrer nofollow";
  return element;
}

/** @param {HTMLLIElement} element @param {Item} item */
function fillButtons(element, item) {
  const all = slot(element, "buttons");
  const blank = all?.firstElementChild;
  if (!all || !blank) return;
  if (!item.buttons.length) all.remove();
  all.replaceChildren(
    ...item.buttons.map((button) => {
      const form = /** @type {HTMLFormElement} */ (blank.cloneNode(true));
      const press = /** @type {HTMLButtonElement} */ (slot(form, "button"));
      press.value = button.id;
      press.dataset["question"] = String(button.opens_thread);
      put(form, "label", button.label);
      /** @type {HTMLInputElement} */ (slot(form, "post")).value = item.id;
      return form;
    }),
  );
}

/** @param {HTMLLIElement} element @param {Item} item */
function fillAppeal(element, item) {
  const appeal = slot(element, "appeal");
  if (!appeal) return;
  if (item.case) /** @type {HTMLInputElement} */ (slot(appeal, "case")).value = item.case;
  else appeal.remove();
}

/** @param {Element} element @param {string} name @returns {HTMLElement | null} */
export function slot(element, name) {
  return element.querySelector(`[data-slot="${name}"]`);
}

/** @param {Element} element @param {string} name @param {string} text */
function put(element, name, text) {
  const found = slot(element, name);
  if (found) found.textContent = text;
}
