// The life of a post as one bar: a piece for each state of its deliveries, and under it the same in words and numbers.

import { html } from "../view.js";
import { number, t, word } from "../words.js";

/** In the order of a delivery's life, and whether a state with nobody in it is worth a line. */
const STATES = [
  "planned", "deferred", "sending", "sent", "delivered", "read", "failed", "expired", "unknown", "suppressed", "cancelled",
  "erased",
];
const ALWAYS = new Set(["sent", "delivered", "read", "failed"]);

/** @param {{ counts: Record<string, number>, audience: number }} props */
export function Bar({ counts, audience }) {
  const present = STATES.filter((state) => (counts[state] ?? 0) > 0);
  let at = 0;
  const pieces = present.map((state) => {
    const width = ((counts[state] ?? 0) / Math.max(audience, 1)) * 100;
    at += width;
    return { state, width, x: at - width };
  });
  const told = present.map((state) => `${number(counts[state] ?? 0)} ${word("delivery", state)}`).join(", ");
  return html`<figure class="bar">
    <svg viewBox="0 0 100 4" preserveAspectRatio="none" role="img"
      aria-label=${t("bar.says", { said: told || t("bar.nobody") })}>
      <rect class="bar-ground" width="100" height="4" />
      ${pieces.map(({ state, width, x }) => html`<rect key=${state} class=${`of-${state}`} x=${x} width=${width}
        height="4" />`)}
    </svg>
    <figcaption><dl>
      ${STATES.filter((state) => ALWAYS.has(state) || present.includes(state)).map(
        (state) => html`<div key=${state}><dt><span class=${`swatch of-${state}`} aria-hidden="true"></span>
          ${word("delivery", state)}</dt>
          <dd>${number(counts[state] ?? 0)}</dd></div>`,
      )}
    </dl></figcaption>
  </figure>`;
}

/** How many have left the relay for good or ill. @param {Record<string, number>} counts */
export function left(counts) {
  return ["sent", "delivered", "read", "failed", "expired", "unknown"].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}
