// Loading: a value or a list, with the problem when there is one, read again when asked or when what was committed touches it.

import { get } from "./api.js";
import { slug } from "./desk.js";
import { SOON, listen } from "./live.js";
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
 * The first rows, as many as are in sight, in as many readings as that takes. What moves up between two of them is missing
 * until the news of it has the list read again.
 * @param {string} path @param {import("./api.js").Query} query @param {number} count
 */
async function first(path, query, count) {
  const byId = new Map();
  for (let after = null; ; ) {
    const limit = Math.min(Math.max(count - byId.size, PIECE), MOST);
    const page = await get(path, { ...query, limit, after });
    for (const one of page.items) byId.set(one.id, one);
    if ((after = page.next) === null || byId.size >= count) return { items: [...byId.values()], next: after };
  }
}

/**
 * A list, piece by piece; `refresh` reads all that is in sight again.
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
      const page = await first(path, query, seen.current);
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
 * What stands behind the last row that was read stays: it was asked for meanwhile.
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
