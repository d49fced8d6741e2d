// Loading: a value or a list, with the problem when there is one, read again when asked or when what was committed touches it.

import { get } from "./api.js";
import { slug } from "./desk.js";
import { listen } from "./live.js";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

/**
 * @template T
 * @typedef {{ value: T | undefined, problem: unknown, reload: () => Promise<void>, set: (value: T) => void }} Loaded
 */

/**
 * The value that `load` gives; the old one stays in sight while a new one is read.
 * @template T @param {() => Promise<T>} load @param {unknown[]} on @returns {Loaded<T>}
 */
export function useLoaded(load, on) {
  const [state, setState] = useState(/** @type {{ value?: T | undefined, problem?: unknown }} */ ({}));
  const turn = useRef(new Turn());
  const reload = useCallback(async () => {
    const isNewest = turn.current.begin();
    try {
      const value = await load();
      if (isNewest()) setState({ value });
    } catch (problem) {
      if (isNewest()) setState((before) => ({ value: before.value, problem }));
    }
  }, on);
  useEffect(() => {
    setState({});
    void reload();
    return () => turn.current.end();
  }, on);
  const set = (/** @type {T} */ value) => {
    turn.current.end();
    setState({ value });
  };
  return { value: state.value, problem: state.problem, reload, set };
}

/** Reads overlap, and an older one must not replace what a newer one has brought. */
class Turn {
  begun = 0;
  landed = 0;

  /** @returns {() => boolean} whether this one may be shown; asked once, when it has come back */
  begin() {
    const mine = ++this.begun;
    return () => {
      if (mine <= this.landed) return false;
      this.landed = mine;
      return true;
    };
  }

  /** What is under way comes too late. */
  end() {
    this.landed = this.begun;
  }
}

const SOON = 300; // ms: what happens in a burst is read once, and a burst that does not end is read all the same

/**
 * Reads again soon after something here that is wanted, and when something may have been missed.
 * @param {() => unknown} refresh
 * @param {(event: import("./wire.js").LiveEvent) => boolean | undefined} wants
 * @param {number} [every] ms; also as time goes by, which no event tells
 */
export function useNews(refresh, wants, every = 0) {
  const now = useRef({ refresh, wants });
  now.current = { refresh, wants };
  useEffect(() => {
    let timer = 0;
    const end = listen((event) => {
      const isElsewhere = event !== null && (event.community ?? slug.value) !== slug.value;
      if (timer !== 0 || isElsewhere || (event !== null && !now.current.wants(event))) return;
      timer = setTimeout(() => {
        timer = 0;
        now.current.refresh();
      }, SOON);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, []);
  useEffect(() => {
    const beat = every > 0 ? setInterval(() => now.current.refresh(), every) : 0;
    return () => clearInterval(beat);
  }, [every]);
}

const PIECE = 50; // rows the relay gives unless asked otherwise
const MOST = 200; // rows it gives at once

/**
 * A list, piece by piece; `refresh` reads what is in sight again, the first of it where that is more than the relay gives.
 * @template {{ id: string }} T
 * @param {string | null} path null loads nothing
 * @param {import("./api.js").Query} query
 */
export function useList(path, query) {
  const [state, setState] = useState(/** @type {State<T>} */ ({}));
  const turn = useRef(new Turn());
  const seen = useRef(0);
  seen.current = state.items?.length ?? 0;
  const asked = `${path}?${JSON.stringify(query)}`;
  const refresh = useCallback(async () => {
    if (path === null) return;
    const isNewest = turn.current.begin();
    try {
      const page = await get(path, { ...query, limit: Math.min(Math.max(seen.current, PIECE), MOST) });
      if (isNewest()) setState((before) => renewed(before, page));
    } catch (problem) {
      if (isNewest()) setState((before) => ({ ...before, problem }));
    }
  }, [asked]);
  const more = async () => {
    const mine = turn.current;
    try {
      const page = await get(path ?? "", { ...query, after: state.next });
      if (mine === turn.current) setState((before) => joined(before, page));
    } catch (problem) {
      if (mine === turn.current) setState((before) => ({ ...before, problem }));
    }
  };
  useEffect(() => {
    seen.current = 0;
    setState({});
    void refresh();
    return () => {
      turn.current.end();
      turn.current = new Turn();
    };
  }, [asked]);
  return { items: state.items, problem: state.problem, hasMore: Boolean(state.next), more, refresh };
}

/**
 * @template T
 * @typedef {{ items?: T[] | undefined, next?: string | null | undefined, problem?: unknown }} State
 */

/**
 * What stands behind the last row of the page stays.
 * @template {{ id: string }} T @param {State<T>} before @param {{ items: T[], next: string | null }} page @returns {State<T>}
 */
function renewed({ items = [], next }, page) {
  const ids = new Set(page.items.map((one) => one.id));
  const last = page.items.at(-1)?.id;
  const end = page.next === null ? -1 : items.findIndex((one) => one.id === last);
  const behind = end < 0 ? [] : items.slice(end + 1).filter((one) => !ids.has(one.id));
  return { items: [...page.items, ...behind], next: behind.length > 0 ? next : page.next };
}

/**
 * What moved meanwhile stands once.
 * @template {{ id: string }} T @param {State<T>} before @param {{ items: T[], next: string | null }} page @returns {State<T>}
 */
function joined({ items = [] }, page) {
  const ids = new Set(items.map((one) => one.id));
  return { items: [...items, ...page.items.filter((one) => !ids.has(one.id))], next: page.next };
}
