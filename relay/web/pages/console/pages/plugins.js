// Plugins: what moderates, with which options, how each is doing, and what an operator should know.

import { slug } from "../desk.js";
import { all } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { route, to } from "../route.js";
import { html } from "../view.js";
import { list, number, t, translated, word } from "../words.js";
import { Learned } from "./learning.js";

/** @typedef {import("../wire.js").Plugin} Plugin */
/** @typedef {import("../wire.js").PluginOption} PluginOption */

const ICONS = /** @type {const} */ ({ running: "check", starting: "clock", waiting: "clock", broken: "warn" });
const AGAIN = "its worker is started again: it ";
const MOST = 8; // entries of a list, such as words: more say nothing more

export function Plugins() {
  return route.value.rest[1] === "learning" ? html`<${Learned} />` : html`<${Listed} />`;
}

function Listed() {
  const here = slug.value;
  const found = useLoaded(() => /** @type {Promise<Plugin[]>} */ (all(`/communities/${here}/plugins`)), [here]);
  return html`<${Sheet} title=${t("settings.plugins")} why=${t("settings.plugins.why")} acts=${html`<button type="button"
    onClick=${found.reload}>${t("reload")}</button>`}>
    <p><a href=${to(here, "settings", "plugins", "learning")}>${t("learning")}</a></p>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.value && !found.problem && html`<${Skeleton} rows=${3} />`}
    ${found.value?.length === 0 && html`<${Empty} icon="plug" title=${t("plugins.none")} why=${t("plugins.none.why")} />`}
    ${found.value && html`<ul class="cards">${found.value.map((one) => html`<${Card} key=${one.name} one=${one} />`)}</ul>`}
  <//>`;
}

/** @param {{ one: Plugin }} props */
function Card({ one }) {
  const isWell = one.state === "running" && one.breaker === "closed";
  return html`<li class="card"><div class="line">
      <p><span class="strong">${one.name}</span> <span class="quiet">${one.version}</span></p>
      <p class=${`mark ${one.state}`}><${Icon} name=${ICONS[one.state] ?? "dot"} />${t(`plugin.${one.state}`)}</p></div>
    ${one.note && html`<p class=${isWell ? "quiet" : "remark"}>
      ${!isWell && html`<${Icon} name="warn" />`}${noted(one.note)}</p>`}
    <dl class="figures">
      <${Figure} name=${t("plugin.runs")} value=${number(one.runs)} />
      <${Figure} name=${t("plugin.hits")} value=${number(one.hits)} />
      <${Figure} name=${t("plugin.errors")} value=${number(one.errors)} />
      <${Figure} name=${t("plugin.mean")} value=${milliseconds(one.mean_us)} />
      <${Figure} name=${t("plugin.p99")} value=${milliseconds(one.p99_us)} />
      ${one.state !== "broken" && html`<${Figure} name=${t("plugin.breaker")} value=${t(`breaker.${one.breaker}`)} />`}
      ${one.mode === "worker" && html`<${Figure} name=${t("plugin.restarts")} value=${number(one.restarts)} />`}
      <${Figure} name=${t("plugin.stage")} value=${`${word("stage", one.stage)}, ${word("mode", one.mode)}`} />
    </dl>
    <p class="quiet">${Object.entries(one.signals).map(([name, weight]) => html`<code key=${name} class="chip">
      ${name} ${number(weight, 1)}</code> `)}</p>
    <${Options} one=${one} /></li>`;
}

/** @param {{ name: string, value: string }} props */
function Figure({ name, value }) {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** @param {{ one: Plugin }} props */
function Options({ one }) {
  const isKnown = one.options.length > 0 || one.state !== "broken"; // what was never loaded may have some
  if (one.options.length === 0) return isKnown && html`<p class="quiet">${t("plugin.options.none")}</p>`;
  return html`<details class="options"><summary>${t("plugin.options")}</summary>
    <p class="quiet">${t("plugin.options.where", { name: one.name })}</p>
    <dl>${one.options.map((option) => html`<div key=${option.name}>
      <dt><code>${option.name}</code> <span class="strong">${shown(option.value)}</span>
        <span class="quiet">${isDefault(option) ? t("plugin.default.same") : t("plugin.default",
    { value: shown(option.default) })}</span></dt>
      <dd lang="en">${option.description}</dd></div>`)}</dl></details>`;
}

/** @param {PluginOption} option */
const isDefault = ({ value, default: usual }) => JSON.stringify(value) === JSON.stringify(usual);

/** A value of a configuration, for people. @param {unknown} value @returns {string} */
function shown(value) {
  if (value === null || value === undefined || value === "") return t("value.unset");
  if (typeof value === "boolean") return t(value ? "value.yes" : "value.no");
  if (typeof value === "number") return new Intl.NumberFormat(document.documentElement.lang).format(value);
  if (!Array.isArray(value)) return typeof value === "string" ? value : JSON.stringify(value);
  if (value.length === 0) return t("value.none");
  if (value.length <= MOST) return list(value.map(shown));
  return t("value.more", { shown: value.slice(0, MOST).map(shown).join(", "), n: value.length - MOST });
}

/** @param {number} us */
const milliseconds = (us) => t("milliseconds", { time: number(us / 1000, us < 1000 ? 2 : 1) });

/** What an operator should know, in their language where the relay says it itself. @param {string} note */
const noted = (note) =>
  note.startsWith(AGAIN) ? t("plugin.again", { why: translated(note.slice(AGAIN.length)) }) : translated(note);
