// The lease of a thread: who is answering right now, so that two people do not answer the same member.

import { post, remove } from "../api.js";
import { now } from "../desk.js";
import { me } from "../session.js";
import { useEffect } from "../view.js";

/** @typedef {import("../wire.js").Thread} Thread */

const RENEW = 60_000; // ms; it holds for two minutes

let before = /** @type {Promise<unknown>} */ (Promise.resolve());

/** One after the other: what lets go must not overtake what takes. @param {() => Promise<unknown>} ask */
function inTurn(ask) {
  before = before.then(ask).catch(() => undefined); // where somebody else has it, the page says who; it runs out by itself
}

/** The name of who else is answering, null when nobody is. @param {Thread} thread */
export function otherAt(thread) {
  const { lease } = thread;
  return lease && lease.holder !== me.value?.id && Date.parse(lease.until) > now.value ? lease.name : null;
}

/** Holds the thread while somebody writes, and lets go when they stop. @param {Thread} thread @param {boolean} isWriting */
export function useLease(thread, isWriting) {
  useEffect(() => {
    if (!isWriting) return undefined;
    const take = () => inTurn(() => post(`/threads/${thread.id}/lease`));
    take();
    const timer = setInterval(take, RENEW);
    return () => {
      clearInterval(timer);
      inTurn(() => remove(`/threads/${thread.id}/lease`));
    };
  }, [thread.id, isWriting]);
}
