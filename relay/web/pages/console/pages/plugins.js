// Plugins: what moderates, how each is doing, and what an operator should know.

import { slug } from "../desk.js";
import { all } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { html } from "../view.js";
import { number, t, word } from "../words.js";

/** @typedef {import("../wire.js").Plugin} Plugin */

const ICONS = /** @type {const} */ ({ running: "check", starting: "clock", waiting: "clock", broken: "warn" });

export function Plugins() {
  const here = slug.value;
  const found = useLoaded(() => /** @type {Promise<Plugin[]>} */ (all(`/communities/${here}/plugins`)), [here]);
  return html`<${Sheet} title=${t("settings.plugins")} why=${t("settings.plugins.why")} acts=${html`<button type="button"
    onClick=${found.reload}>${t("reload")}</button>`}>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.value && !found.problem && html`<${Skeleton} rows=${3} />`}
    ${found.value?.length === 0 && html`<${Empty} icon="plug" title=${t("plugins.none")} why=${t("plugins.none.why")} />`}
    ${found.value && html`<ul class="cards">${found.value.map((one) => html`<li key=${one.name} class="card"><div class="line">
      <p><span class="strong">${one.name}</span> <span class="quiet">${one.version}</span></p>
      <p class=${`mark ${one.state}`}><${Icon} name=${ICONS[one.state] ?? "dot"} />${t(`plugin.${one.state}`)}</p></div>
      ${one.note && html`<p class="remark"><${Icon} name="warn" />${one.note}</p>`}
      <dl class="figures">
        <div><dt>${t("plugin.runs")}</dt><dd>${number(one.runs)}</dd></div><div><dt>${t("plugin.hits")}</dt><dd>
          ${number(one.hits)}</dd></div>
        <div><dt>${t("plugin.errors")}</dt><dd>${number(one.errors)}</dd></div><div><dt>${t("plugin.mean")}</dt><dd>
          ${t("milliseconds", { time: number(one.mean_us / 1000, 1) })}</dd></div>
        <div><dt>${t("plugin.stage")}</dt><dd>
          ${word("stage", one.stage)}, ${word("mode", one.mode)}</dd></div>
      </dl>
      <p class="quiet">${Object.entries(one.signals).map(([name, weight]) => html`<code key=${name} class="chip">
        ${name} ${number(weight, 1)}</code> `)}</p></li>`)}</ul>`}
  <//>`;
}
