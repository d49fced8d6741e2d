// Whether a line is alive: one that has been silent is asked, and given up when it does not answer. A network that has changed
// leaves sockets that look open for ever.

const SILENCE = 20_000; // ms
const PATIENCE = 10_000; // ms for the answer
const BEGINNING = 30_000; // ms until the relay has said something at all: after a restart everybody comes at once

export class Beat {
  /** @param {() => void} ask @param {() => void} giveUp */
  constructor(ask, giveUp) {
    this.ask = ask;
    this.giveUp = giveUp;
    this.isAsking = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  begin() {
    this.stop();
    this.timer = setTimeout(this.giveUp, BEGINNING);
  }

  /** Something came. */
  heard() {
    this.stop();
    this.timer = setTimeout(() => this.check(), SILENCE);
  }

  /** Does not wait for silence. */
  check() {
    if (this.isAsking) return;
    this.stop();
    this.isAsking = true;
    this.ask();
    this.timer = setTimeout(this.giveUp, PATIENCE);
  }

  stop() {
    clearTimeout(this.timer);
    this.isAsking = false;
  }
}
