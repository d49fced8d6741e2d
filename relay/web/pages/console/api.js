// The HTTP API: JSON in, JSON out, every failure a Problem that says what happened. The cookie signs in by itself.

/**
 * @typedef {{ loc: (string | number)[], msg: string }} Fault
 * @typedef {Record<string, string | number | boolean | null | undefined>} Query
 */

/** What went wrong; `status` is 0 when the relay could not be reached, and then nobody knows whether it was done. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   * @param {Fault[]} [faults]
   * @param {number} [retryAfter] seconds
   */
  constructor(status, detail, faults = [], retryAfter = 0) {
    super(detail);
    this.status = status;
    this.faults = faults;
    this.retryAfter = retryAfter;
  }
}

const PATIENCE = 30_000; // ms for an answer
const NEARLY = 5000; // ms that clocks may differ: less is the way of the answer

let ahead = 0;

/** The time as the relay has it: the clock of the machine in front may be minutes off. */
export function relayTime() {
  return Date.now() - ahead;
}

/** @param {string | null} date of an answer */
function setClock(date) {
  const off = Date.now() - Date.parse(date ?? "");
  if (!Number.isNaN(off)) ahead = Math.abs(off) > NEARLY ? off : 0;
}

/** Called when a session has ended; set by session.js. */
export const onSignedOut = { call: () => {} };

/** Called when the relay has answered, whatever it said; set by live.js. */
export const onAnswered = { call: () => {} };

/** A fresh Idempotency-Key: the same for every try of one act. */
export function newKey() {
  return crypto.randomUUID();
}

/**
 * @param {string} method
 * @param {string} path below /v1
 * @param {object} [body]
 * @param {string} [key] Idempotency-Key
 * @returns {Promise<any>} null where nothing comes back
 */
export async function call(method, path, body, key) {
  const headers = /** @type {Record<string, string>} */ ({});
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const init = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
  const { answer, said } = await asked(`/v1${path}`, { ...init, credentials: "same-origin", cache: "no-store" });
  if (answer.ok) return said;
  if (answer.status === 401 && !path.startsWith("/sign-in")) onSignedOut.call();
  const after = Number(answer.headers.get("Retry-After") ?? 0);
  throw new Problem(answer.status, said.detail ?? answer.statusText, said.errors ?? [], after);
}

/**
 * The whole answer; of a good one that was cut off nobody knows what it said.
 * @param {string} path @param {RequestInit} init
 */
async function asked(path, init) {
  const ends = new AbortController();
  const timer = setTimeout(() => ends.abort(), PATIENCE);
  try {
    const answer = await fetch(path, { ...init, signal: ends.signal });
    setClock(answer.headers.get("Date"));
    onAnswered.call();
    if (answer.status === 204) return { answer, said: null };
    const text = await answer.text();
    return { answer, said: answer.ok ? JSON.parse(text) : refusal(text) };
  } catch {
    throw new Problem(0, "");
  } finally {
    clearTimeout(timer);
  }
}

/** A proxy's refusal is no JSON. @param {string} text */
function refusal(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/** @param {string} path @param {Query} [query] */
export function get(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return call("GET", text ? `${path}?${text}` : path);
}

const MOST = 200; // rows the relay gives at once

/** All of a list, in as many readings as it takes. @param {string} path @returns {Promise<any[]>} */
export async function all(path) {
  const items = [];
  for (let after = null; ; ) {
    const page = await get(path, { limit: MOST, after });
    items.push(...page.items);
    if ((after = page.next) === null) return items;
  }
}

/** @param {string} path @param {object} [body] @param {string} [key] */
export const post = (path, body = {}, key = undefined) => call("POST", path, body, key);

/** @param {string} path @param {object} body */
export const patch = (path, body) => call("PATCH", path, body);

/** @param {string} path @param {object} body */
export const put = (path, body) => call("PUT", path, body);

/** @param {string} path */
export const remove = (path) => call("DELETE", path);
