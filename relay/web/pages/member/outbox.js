// What was written here and not accepted yet: shown at once, kept over a reload, sent again until the relay has it.

import { draw, fill, find, slot } from "./items.js";
import { dropUnsent, keepUnsent, unsent } from "./kept.js";
import { say } from "./words.js";

/** @typedef {import("./items.js").Item} Item */
/** @typedef {import("./kept.js").Unsent} Unsent */

const AGAIN = 5000; // milliseconds until what was refused for the moment is sent again, where nobody says how long

export class Outbox {
  /** @param {(frame: object) => boolean} send */
  constructor(send) {
    this.send = send;
    /** @type {Map<string, {unsent: Unsent, element: HTMLLIElement}>} */
    this.waiting = new Map();
  }

  /** What another look at the page has left. */
  restore() {
    for (const one of unsent()) this.show(one);
  }

  /** For the page that can send it. @param {string} text @param {string | null} to @returns whether it will find it */
  leave(text, to) {
    const one = { client_id: crypto.randomUUID(), text, to };
    keepUnsent(one);
    return unsent().some((kept) => kept.client_id === one.client_id);
  }

  /** @param {string} text @param {string | null} to */
  write(text, to) {
    const one = { client_id: crypto.randomUUID(), text, to };
    keepUnsent(one);
    this.show(one);
    this.try(one);
  }

  /** Everything that waits, in the order in which it was written. */
  sendAll() {
    for (const { unsent: one } of this.waiting.values()) this.try(one);
  }

  /** @param {Unsent} one */
  try(one) {
    const isGone = this.send({ type: "send", client_id: one.client_id, text: one.text, in_reply_to: one.to });
    this.state(one.client_id, isGone ? "sending" : "waiting");
  }

  /** @param {Unsent} one */
  show(one) {
    const at = new Date().toISOString();
    const from = { role: "self", name: "" };
    const item = { seq: 0, kind: /** @type {const} */ ("message"), id: "", at, from, text: one.text, title: null, buttons: [] };
    const element = draw(item);
    element.classList.add("unsent");
    this.waiting.set(one.client_id, { unsent: one, element });
    this.state(one.client_id, "waiting");
  }

  /** @param {string} clientId @param {string} word */
  state(clientId, word) {
    const element = this.waiting.get(clientId)?.element;
    const state = element && slot(element, "state");
    if (!state || !element) return;
    element.dataset["state"] = word;
    const text = state.querySelector("span");
    if (text) text.textContent = say(word);
  }

  /** The relay has it. @param {{client_id: string, id: string, at: string}} frame @returns whether it was ours */
  accepted(frame) {
    const found = this.waiting.get(frame.client_id);
    if (!found) return false;
    this.state(frame.client_id, "sent");
    this.end(frame.client_id);
    const there = find(frame.id);
    if (there && there !== found.element) found.element.remove();
    else found.element.dataset["id"] = frame.id;
    return true;
  }

  /**
   * @param {{client_id: string, problem: {status: number, retry_after?: number}}} frame
   * @returns what will not be taken, for who wrote it to look at again
   */
  refused(frame) {
    const found = this.waiting.get(frame.client_id);
    if (!found) return null;
    const { status, retry_after: after } = frame.problem;
    if (status === 429 || status === 503) {
      this.state(frame.client_id, "waiting");
      setTimeout(() => this.try(found.unsent), after ? after * 1000 : AGAIN);
      return null;
    }
    this.end(frame.client_id);
    found.element.remove();
    return found.unsent;
  }

  /** @param {string} clientId */
  end(clientId) {
    this.waiting.get(clientId)?.element.classList.remove("unsent");
    this.waiting.delete(clientId);
    dropUnsent(clientId);
  }

  /** An own message came by the stream: what was shown for it becomes it. @param {Item} item @returns {HTMLLIElement | null} */
  claim(item) {
    const known = find(item.id);
    if (known) {
      fill(known, item);
      return known;
    }
    for (const { unsent: one, element } of this.waiting.values()) {
      if (one.text === item.text && !element.dataset["id"]) {
        fill(element, item);
        return element;
      }
    }
    return null;
  }
}
