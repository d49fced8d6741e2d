// What was really seen: items whose end was on the screen while somebody looked at the page. The whole of a long one never is.

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

  /** @param {Element} item */
  watch(item) {
    const end = item.querySelector(".foot-of-item");
    if (end) this.watcher.observe(end);
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
    for (const end of this.inView) {
      const item = end.closest("li");
      if (item) this.seen = Math.max(this.seen, Number(item.dataset["seq"]));
    }
    if (this.seen > this.told) this.timer ??= setTimeout(() => this.say(), PAUSE);
  }

  say() {
    this.timer = undefined;
    if (this.seen > this.told && this.tell(this.seen)) this.told = this.seen;
  }
}
