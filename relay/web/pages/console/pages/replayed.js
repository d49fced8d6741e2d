// What a replay found: decisions then and now, what staff ruled, how far strikes lead, what plugins take, and what flips.

import { Empty } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Text } from "../parts/text.js";
import { html } from "../view.js";
import { list, number, t, word } from "../words.js";

/**
 * @typedef {import("../wire.js").ReplayFound} ReplayFound
 * @typedef {import("../wire.js").ReplayFlip} ReplayFlip
 */

/** @param {{ found: ReplayFound }} props */
export function Found({ found }) {
  if (found.messages === 0) {
    return html`<${Empty} icon="inbox" title=${t("replay.nobody")} why=${t("replay.nobody.why")} />`;
  }
  return html`<p class="strong">${t("replay.flipped", { n: found.flipped, of: number(found.messages) })}</p>
    ${found.messages < found.of && html`<p class="quiet">
      ${t("replay.part", { done: number(found.messages), of: number(found.of) })}</p>`}
    ${found.left_out.length > 0 && html`<p class="remark"><${Icon} name="plug" />
      ${t("replay.left-out", { names: list(found.left_out) })}</p>`}
    <${Matrix} matrix=${found.matrix} />
    <${Rulings} tolls=${found.tolls} />
    <${Steps} steps=${found.steps} />
    <${Costs} plugins=${found.plugins} />
    <${Flips} flips=${found.flips} />`;
}

/** @param {{ title: string, why: string, head: string[], children?: unknown }} props */
function Table({ title, why, head, children }) {
  return html`<section class="card stack"><h3>${title}</h3><p class="quiet">${why}</p>
    <div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="sums">
      <thead><tr>${head.map((one) => html`<th key=${one} scope="col">${one}</th>`)}</tr></thead>
      <tbody>${children}</tbody></table></div></section>`;
}

/** A table that would have no rows. @param {{ title: string, why: string }} props */
function None({ title, why }) {
  return html`<section class="card stack"><h3>${title}</h3><p class="quiet">${why}</p></section>`;
}

/** @param {{ matrix: ReplayFound["matrix"] }} props */
function Matrix({ matrix }) {
  const actions = Object.keys(matrix);
  return html`<${Table} title=${t("replay.matrix")} why=${t("replay.matrix.why")}
    head=${[t("replay.then"), ...actions.map((now) => word("decision", now))]}>
    ${actions.map((then) => html`<tr key=${then}><th scope="row">${word("decision", then)}</th>
      ${actions.map((now) => html`<td key=${now} class=${then !== now && matrix[then]?.[now] ? "strong" : ""}>
        ${number(matrix[then]?.[now] ?? 0)}</td>`)}</tr>`)}<//>`;
}

/** @param {ReplayFound["tolls"][number]} toll */
function side({ action, decided }) {
  const values = { action: word("decision", action) };
  return decided === "then" ? t("replay.side.then", values) : t("replay.side.now", values);
}

/** @param {{ tolls: ReplayFound["tolls"] }} props */
function Rulings({ tolls }) {
  const head = [
    t("replay.action"), t("replay.messages"), t("replay.delivered"), t("replay.rejected"), t("replay.unruled"),
    t("replay.alarms"),
  ];
  return html`<${Table} title=${t("replay.rulings")} why=${t("replay.rulings.why")} head=${head}>
    ${tolls.map((one) => html`<tr key=${one.action + one.decided}>
      <th scope="row">${side(one)}</th>
      ${[one.messages, one.delivered, one.rejected, one.unruled].map((count, place) => html`<td key=${place}>
        ${number(count)}</td>`)}
      <td>${one.delivered_share === null || one.action === "allow" ? "–" : t("replay.percent",
    { share: number(one.delivered_share * 100) })}</td></tr>`)}<//>`;
}

/** @param {{ steps: ReplayFound["steps"] }} props */
function Steps({ steps }) {
  const most = Math.max(1, ...steps.flatMap((one) => [one.then, one.now]));
  if (steps.every((one) => one.then + one.now === 0)) {
    return html`<${None} title=${t("replay.steps")} why=${t("replay.steps.none")} />`;
  }
  return html`<${Table} title=${t("replay.steps")} why=${t("replay.steps.why")}
    head=${[t("replay.step"), t("replay.members.then"), t("replay.members.now")]}>
    ${steps.map((one) => html`<tr key=${one.measure}>
      <th scope="row">${one.measure ? word("measure", one.measure) : t("replay.step.none")}</th>
      ${[one.then, one.now].map((count, side) => html`<td key=${side}><span class="reached">
        <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" class=${side ? "now" : "then"}>
          <rect width=${(count / most) * 100} height="8" /></svg>${number(count)}</span></td>`)}</tr>`)}<//>`;
}

/** @param {{ plugins: ReplayFound["plugins"] }} props */
function Costs({ plugins }) {
  const head = [
    t("settings.plugins"), t("plugin.runs"), t("plugin.hits"), t("plugin.errors"), t("plugin.mean"), t("plugin.p99"),
  ];
  const time = (/** @type {number} */ us) => t("milliseconds", { time: number(us / 1000, us < 1000 ? 2 : 1) });
  if (plugins.length === 0) return html`<${None} title=${t("replay.costs")} why=${t("replay.costs.none")} />`;
  return html`<${Table} title=${t("replay.costs")} why=${t("replay.costs.why")} head=${head}>
    ${plugins.map((one) => html`<tr key=${one.name}><th scope="row"><code>${one.name}</code></th>
      ${[one.runs, one.hits, one.errors].map((count, place) => html`<td key=${place}>${number(count)}</td>`)}
      <td>${time(one.mean_us)}</td><td>${time(one.p99_us)}</td></tr>`)}<//>`;
}

/** @param {{ flips: ReplayFlip[] }} props */
function Flips({ flips }) {
  return html`<section class="card stack"><h3>${t("replay.flips")}</h3>
    <p class="quiet">${flips.length > 0 ? t("replay.flips.why") : t("replay.flips.none")}</p>
    <ul class="flips">${flips.map((one) => html`<li key=${one.message}>
      <p class="line"><span class="strong">${word("decision", one.then)} <${Icon} name="arrow" />
        <span class="unseen">${t("replay.becomes")}</span> ${word("decision", one.now)}</span>
        <span class="quiet">${t("replay.scores", { then: number(one.score_then, 1), now: number(one.score_now, 1) })}</span></p>
      <p class="flip-text" dir="auto"><${Text} text=${one.text} /></p>
      <p class="quiet">${one.signals.map((name) => html`<code key=${name} class="chip">${name}</code> `)}
        ${one.ruled && t(`replay.ruled.${one.ruled}`)}</p></li>`)}</ul></section>`;
}
