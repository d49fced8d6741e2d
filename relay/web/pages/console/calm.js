// A list that stays calm: it keeps its order while somebody points at it, and keeps the thread that is open.

import { useNews } from "./loaded.js";
import { signal, useEffect, useLayoutEffect, useRef, useState } from "./view.js";

/** @typedef {import("./wire.js").Thread} Thread */

const WAKING = 30_000; // ms until a snoozed thread whose time has come is seen again, at most

/** The thread that is open, as it was read last. */
export const openThread = signal(/** @type {Thread | null} */ (null));

/**
 * Rows that do not move under somebody's hand; `fresh` is how many are new or would move, `show` lets them.
 * @param {Thread[] | undefined} items
 * @param {() => Promise<void>} refresh
 * @param {string} open id of the thread that is open
 */
export function useCalm(items, refresh, open) {
  const [order, setOrder] = useState(/** @type {ReadonlyMap<string, string> | null} */ (null)); // id -> active_at
  const calm = items && order ? held(items, order) : items;
  const rows = useKept(calm, open);
  useEffect(() => setOrder(null), [refresh]);
  useNews(
    () => {
      setOrder((before) => (isTouched() ? (before ?? new Map(rows?.map((one) => [one.id, one.active_at]))) : null));
      void refresh();
    },
    (event) => event.thread !== undefined || event.event === "member.erased",
    WAKING,
  );
  const isHeld = order !== null;
  useLayoutEffect(() => (isHeld ? untouched(() => setOrder(null)) : undefined), [isHeld]);
  const fresh = items && calm && order ? waiting(items, calm, order).filter((one) => one.id !== open).length : 0;
  return { rows, fresh, show: () => setOrder(null) };
}

/**
 * What is not there yet, and what would move.
 * @param {Thread[]} items @param {Thread[]} calm @param {ReadonlyMap<string, string>} order
 */
function waiting(items, calm, order) {
  if (items.every((one, place) => one === calm[place])) return [];
  const shown = new Set(calm);
  return items.filter((one) => !shown.has(one) || (order.get(one.id) ?? one.active_at) !== one.active_at);
}

/**
 * As they stood, and behind them what "Show more" has brought; what is new waits.
 * @param {Thread[]} items @param {ReadonlyMap<string, string>} order
 */
function held(items, order) {
  const byId = new Map(items.map((one) => [one.id, one]));
  const stood = [...order.keys()].map((id) => byId.get(id)).filter((one) => one !== undefined);
  return [...stood, ...items.slice(items.findLastIndex((one) => order.has(one.id)) + 1)];
}

/** Whether somebody points at a row, or has the focus in the list. */
function isTouched() {
  return document.querySelector(".rows:hover, .rows:focus-within") !== null;
}

/** Tells when pointer and focus have left the list. @param {() => void} tell @returns {() => void} ends it */
function untouched(tell) {
  const ends = new AbortController();
  const look = () => setTimeout(() => ends.signal.aborted || isTouched() || tell()); // the focus is where it goes by then
  for (const kind of ["pointerover", "pointerout", "focusin", "focusout"])
    document.addEventListener(kind, look, { signal: ends.signal });
  return () => ends.abort();
}

/**
 * The open thread keeps its place until another is opened, also when an answer has moved it to another state.
 * @param {Thread[] | undefined} rows @param {string} open
 */
function useKept(rows, open) {
  const last = useRef(/** @type {{ thread: Thread, place: number } | null} */ (null));
  if (rows === undefined) return rows;
  const place = rows.findIndex((one) => one.id === open);
  const thread = rows[place];
  if (thread !== undefined) last.current = { thread, place };
  const kept = last.current;
  if (thread !== undefined || kept === null || kept.thread.id !== open) return rows;
  const present = openThread.value?.id === open ? { ...openThread.value, last: kept.thread.last } : kept.thread;
  return [...rows.slice(0, kept.place), present, ...rows.slice(kept.place)];
}
