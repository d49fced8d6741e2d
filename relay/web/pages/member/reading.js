// What was really seen: items that were on the screen while somebody looked at the page.

const PAUSE = 400; // milliseconds between two marks

export class Reading {
  /** @param {(seq: number) => boolean} tell */
  constructor(tell) {
    this.tell = tell;
    this.seen = 0;
    this.told = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {Set<Element>} */
    this.inView = new Set();
    this.watcher = new IntersectionObserver((entries) => this.look(entries), { threshold: 0.5 });
    document.addEventListener("visibilitychange", () => this.note());
  }

  /** @param {Element} element */
  watch(element) {
    this.watcher.observe(element);
  }

  /** A new line: what was told on the old one may not have arrived. */
  again() {
    this.told = 0;
    this.note();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  look(entries) {
    for (const entry of entries) {
      if (entry.isIntersecting) this.inView.add(entry.target);
      else this.inView.delete(entry.target);
    }
    this.note();
  }

  note() {
    if (document.hidden) return;
    for (const element of this.inView) {
      if (element instanceof HTMLElement) this.seen = Math.max(this.seen, Number(element.dataset["seq"]));
    }
    if (this.seen > this.told) this.timer ??= setTimeout(() => this.say(), PAUSE);
  }

  say() {
    this.timer = undefined;
    if (this.seen > this.told && this.tell(this.seen)) this.told = this.seen;
  }
}
