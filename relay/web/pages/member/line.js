// The line to the relay: a WebSocket that comes back by itself and goes on behind the last seq it has.

import { Beat } from "../look/beat.js";

const FIRST_PAUSE = 500; // milliseconds, doubled with each try
const LONGEST_PAUSE = 30_000;
const SIGN_IN = 4401;
const REVOKED = 4403;
const NO_SUCH_ITEM = 1008; // what the page has is not there any more: the relay was set back

/**
 * @typedef {object} Ears
 * @property {(frame: any) => void} heard every frame of the relay but welcome and bye
 * @property {() => void} opened signed in: what waits can go out
 * @property {() => void} closed not connected; it tries again
 * @property {() => void} ended this browser is not signed in any more
 */

export class Line {
  /** @param {string} address @param {string} member whose page this is @param {() => number} after @param {Ears} ears */
  constructor(address, member, after, ears) {
    this.address = address;
    this.member = member;
    this.after = after;
    this.ears = ears;
    this.isOpen = false;
    this.isOver = false;
    this.tries = 0;
    this.atLeast = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.beat = new Beat(
      () => this.socket?.send(JSON.stringify({ type: "ping" })),
      () => this.giveUp(),
    );
  }

  /** From now on it is there, as far as the network allows. */
  begin() {
    addEventListener("online", () => {
      this.leave(); // the network may be another one
      this.connect();
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.connect();
    });
    this.connect();
  }

  /** Tries now, unless it is there or under way. */
  connect() {
    if (this.socket !== null || this.isOver) return;
    clearTimeout(this.timer);
    const url = new URL(this.address, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.socket = socket;
    this.beat.begin();
    socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "hello", after: this.after() })));
    socket.addEventListener("message", (event) => socket === this.socket && this.hear(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => socket === this.socket && this.lost(event.code));
  }

  /** Whatever it still says is not heard. */
  leave() {
    const left = this.socket;
    this.socket = null;
    this.isOpen = false;
    this.beat.stop();
    left?.close();
  }

  giveUp() {
    this.leave();
    this.lost(0);
  }

  /** False when nobody takes it; what has a name of its own is waited for. @param {object} frame */
  say(frame) {
    if (!this.isOpen || this.socket?.readyState !== WebSocket.OPEN) return false; // one that closes takes nothing any more
    this.socket.send(JSON.stringify(frame));
    if ("client_id" in frame) this.beat.check();
    return true;
  }

  /** @param {any} frame */
  hear(frame) {
    this.beat.heard();
    if (frame.type === "pong") return;
    if (frame.type === "welcome" && frame.member.id !== this.member) {
      this.end();
    } else if (frame.type === "welcome") {
      this.isOpen = true;
      this.tries = this.atLeast = 0;
      this.ears.opened();
    } else if (frame.type === "bye") {
      this.atLeast = frame.retry_after_ms;
    } else {
      this.ears.heard(frame);
    }
  }

  /** Nobody is signed in here any more, or somebody else. */
  end() {
    this.isOver = true;
    this.leave();
    this.ears.ended();
  }

  /** @param {number} code */
  lost(code) {
    this.socket = null;
    this.isOpen = false;
    this.beat.stop();
    if (this.isOver) return;
    if (code === SIGN_IN || code === REVOKED) {
      this.end();
    } else if (code === NO_SUCH_ITEM) {
      location.reload();
    } else {
      this.ears.closed();
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.tries);
      this.tries += 1;
      this.timer = setTimeout(() => this.connect(), Math.max(this.atLeast, pause * (0.5 + Math.random() / 2)));
    }
  }
}
