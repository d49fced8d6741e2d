// Icons, drawn on a grid of 20 with strokes of 1.5. They say nothing alone: a word stands beside each, or names its button.

import { html } from "../view.js";

const PATHS = {
  again: "M4.5 10a5.5 5.5 0 1 0 1.8-4.1M4.5 3v3.5H8",
  answer: "M8 5 3 10l5 5M3 10h8a6 6 0 0 1 6 6",
  arrow: "M4 10h12m-5-5 5 5-5 5",
  back: "M12 4 6 10l6 6",
  cases: "M10 2.5 16.5 5v4.5c0 4-2.7 6.7-6.5 8-3.8-1.3-6.5-4-6.5-8V5zM10 6.5v4m0 2.8v.2",
  check: "m4 10.5 4 4 8-9",
  clock: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zm0 3.5V10l2.5 2",
  close: "m5 5 10 10M15 5 5 15",
  copy: "M7 7V3.5h9.5V13H13M3.5 7H13v9.5H3.5z",
  dot: "M10 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  flag: "M5 17V3.5h9L12 7l2 3.5H5",
  help: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM7.8 7.8c0-1.3 1-2.1 2.2-2.1s2.2.8 2.2 2c0 1.6-2.2 1.7-2.2 3.3m0 2.6v.2",
  inbox: "M3 11.5 5.5 4h9l2.5 7.5V16H3zm0 0h4.2c.3 1.5 1.4 2.3 2.8 2.3s2.5-.8 2.8-2.3H17",
  key: "M12.5 3.5a4 4 0 1 1-3.6 5.7L3.5 14.5v2H6l1-1v-1.5h1.5l1.8-1.8M13.5 6.5v.1",
  link: "M8.5 11.5a3 3 0 0 0 4.2 0l3-3a3 3 0 0 0-4.2-4.2l-.8.8m.8 3.4a3 3 0 0 0-4.2 0l-3 3a3 3 0 0 0 4.2 4.2l.8-.8",
  log: "M4 4.5h.1M7.5 4.5H17M4 10h.1m3.4 0H17M4 15.5h.1m3.4 0H17",
  members:
    "M7.5 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM2 16.5c.3-2.6 2.5-4.2 5.5-4.2s5.2 1.6 5.5 4.2M13 4.4a3 3 0 0 1 0 5.2" +
    "m1.5 3c2 .6 3.2 2 3.5 3.9",
  note: "m4 16 .8-3.5L13 4.3a1.5 1.5 0 0 1 2.1 0l.6.6a1.5 1.5 0 0 1 0 2.1l-8.2 8.2z",
  panel: "M3 4h14v12H3zm9 0v12",
  person: "M10 3a3.3 3.3 0 1 0 0 6.6A3.3 3.3 0 0 0 10 3zM3.5 17c.4-3 3-4.8 6.5-4.8s6.1 1.8 6.5 4.8",
  plug: "M7 3v3.5m6-3.5v3.5M4.5 6.5h11V9a5.5 5.5 0 0 1-11 0zM10 14.5V18",
  plus: "M10 4v12M4 10h12",
  posts: "M3 8v4h2.5L13 16V4L5.5 8zm2.5 0v4l1.2 5H9l-1-5M15.5 7.5c1.3 1.3 1.3 3.7 0 5",
  search: "M8.8 3.5a5.3 5.3 0 1 0 0 10.6 5.3 5.3 0 0 0 0-10.6zm3.9 9.2 4 4",
  settings: "M3 6h8m4 0h2M3 14h2m4 0h8M13 4a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM7 12a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  snooze: "M16.5 11.5A7 7 0 1 1 8.5 3.5a5.5 5.5 0 0 0 8 8z",
  start: "M10 2.8a7.2 7.2 0 1 0 0 14.4 7.2 7.2 0 0 0 0-14.4zm-3 7.4 2.2 2.2 4-4.6",
  warn: "M10 3 2.5 16.5h15zM10 8v4m0 2.2v.2",
};

/** @typedef {keyof typeof PATHS} IconName */

/** @param {{ name: IconName }} props */
export function Icon({ name }) {
  return html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
}

/** The sign of the product: two pairs of dots that face each other. */
export function Sign() {
  return html`<svg class="sign" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <circle cx="5.5" cy="6.5" r="2" /><circle cx="5.5" cy="13.5" r="2" />
    <circle cx="14.5" cy="6.5" r="2" /><circle cx="14.5" cy="13.5" r="2" />
  </svg>`;
}
