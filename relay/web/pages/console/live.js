// The staff's stream: one WebSocket that tells what was committed, comes back by itself, and says when something was missed.

import { signal } from "@preact/signals";

import { Beat } from "../look/beat.js";
import { get, onAnswered } from "./api.js";

/**
 * @typedef {import("./wire.js").LiveEvent} LiveEvent
 * @typedef {(event: LiveEvent | null) => void} Listener gets null when something may have been missed
 */

const FIRST_WAIT = 500; // ms, doubled with each try, and spread so that not all consoles come back at once
const LONGEST_WAIT = 15_000;
const LATE = 1000; // ms that a start waits for the stream: something between may keep it from ever beginning
/** ms after news until it is acted upon: a burst is read once, and a burst that does not end is read all the same. */
export const SOON = 300;
const SIGN_IN = 4401;
const REVOKED = 4403;

let isWanted = false;

/** "lost" is shown to people; a moment of "opening" is not. */
export const link = signal(/** @type {"opening" | "open" | "lost"} */ ("opening"));

const listeners = new Set(/** @type {Listener[]} */ ([]));
let socket = /** @type {WebSocket | null} */ (null);
let position = "";
let wait = FIRST_WAIT;
let timer = 0;
const beat = new Beat(() => socket?.send(JSON.stringify({ type: "ping" })), giveUp);

/** The start of the stream, if it is in time: what is read before it has to be read again. */
export async function begun() {
  let end = () => {};
  await new Promise((done) => {
    end = link.subscribe((state) => state !== "opening" && done(undefined));
    setTimeout(done, LATE);
  });
  end();
}

/** @param {Listener} listener @returns {() => void} ends it */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function connect() {
  isWanted = true;
  if (socket !== null) return;
  rest();
  const opening = new WebSocket(`${location.origin.replace(/^http/, "ws")}/v1/staff/stream`);
  socket = opening;
  beat.begin();
  opening.addEventListener("open", () => opening.send(JSON.stringify({ type: "hello", ...(position && { after: position }) })));
  opening.addEventListener("message", (message) => socket === opening && heard(JSON.parse(message.data)));
  opening.addEventListener("close", (close) => closed(opening, close.code));
}

export function disconnect() {
  isWanted = false;
  rest();
  position = "";
  link.value = "opening";
  leave();
}

function rest() {
  clearTimeout(timer);
  timer = 0;
}

/** Whatever it still says is not heard. */
function leave() {
  const left = socket;
  socket = null;
  beat.stop();
  left?.close();
}

function giveUp() {
  leave();
  later();
}

/** Tries at once instead of waiting on; for the button in the banner, and when the network says it is back. */
export function retry() {
  wait = FIRST_WAIT;
  connect();
}

addEventListener("online", () => {
  if (!isWanted) return;
  leave(); // the network may be another one
  retry();
});

onAnswered.call = () => {
  if (timer) connect(); // the relay is there again: nobody waits on beside it
};

/** @param {any} frame */
function heard(frame) {
  beat.heard();
  if (frame.type === "pong") return;
  const isAnew = frame.type === "welcome" && position === ""; // what was read before may lack what came until now
  position = frame.position;
  wait = FIRST_WAIT;
  link.value = "open";
  if (frame.type === "event") tell(frame);
  else if (frame.type === "reset" || isAnew) tell(null);
}

/** @param {LiveEvent | null} event */
function tell(event) {
  for (const listener of [...listeners]) listener(event);
}

/** @param {WebSocket} which @param {number} code */
function closed(which, code) {
  if (socket !== which) return;
  socket = null;
  beat.stop();
  if (code === SIGN_IN || code === REVOKED) {
    position = "";
    void get("/session").then(later, later); // 401 ends it here too; a new passphrase has begun another session
  } else later();
}

function later() {
  if (socket !== null || !isWanted) return;
  link.value = "lost";
  rest();
  timer = setTimeout(connect, wait * (0.5 + Math.random()));
  wait = Math.min(wait * 2, LONGEST_WAIT);
}
