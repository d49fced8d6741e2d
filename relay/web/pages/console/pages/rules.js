// Rules: every figure that moderation goes by, in one place, with what it means and what holds where nothing is set.

import { all } from "../api.js";
import { slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Skeleton, Trouble } from "../parts/feedback.js";
import { Sheet } from "../parts/page.js";
import { language } from "../prefs.js";
import { html } from "../view.js";
import { t, word } from "../words.js";

/** @typedef {import("../wire.js").Rule} Rule */

const KINDS = /** @type {const} */ ([
  "threshold", "evidence", "cap", "signal", "composite", "trust", "headroom", "raid", "ladder",
]);
const PARTS = /^(all|any|none) of (.*)$/; // of a composite, as the relay says it

export function Rules() {
  const here = slug.value;
  const found = useLoaded(() => /** @type {Promise<Rule[]>} */ (all(`/communities/${here}/rules`)), [here]);
  const rules = found.value;
  return html`<${Sheet} title=${t("settings.rules")} why=${t("settings.rules.why")} acts=${html`<button type="button"
    onClick=${found.reload}>${t("reload")}</button>`}>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!rules && !found.problem && html`<${Skeleton} rows=${6} />`}
    ${rules && KINDS.map((kind) => html`<${Group} key=${kind} kind=${kind}
      rules=${rules.filter((one) => one.kind === kind)} />`)}
  <//>`;
}

/** @param {{ kind: typeof KINDS[number], rules: Rule[] }} props */
function Group({ kind, rules }) {
  if (rules.length === 0) return null;
  const id = `rules-${kind}`;
  return html`<section class="card" aria-labelledby=${id}><h3 id=${id}>${t(`rules.${kind}`)}</h3>
    <p class="quiet">${t(`rules.${kind}.why`)}</p>
    <div class="options"><dl>${rules.map((one) => html`<div key=${one.name}>
      <dt><code>${one.name}</code> <span class="strong">${figure(one.value)}</span>
        <span class="quiet">${usual(one)}</span></dt>
      <dd>${meant(one)}${one.kind === "signal" && html` <span class="quiet">${one.given_by}</span>`}</dd></div>`)}</dl></div>
  </section>`;
}

/** @param {number} value */
const figure = (value) => new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 3 }).format(value);

/** What would hold if nothing was set. @param {Rule} one */
function usual({ value, default: other }) {
  if (other === null) return "";
  return value === other ? t("plugin.default.same") : t("plugin.default", { value: figure(other) });
}

/** In the language of the page: the relay's own figures by name, a signal as members read it. @param {Rule} one */
function meant({ name, meaning, told }) {
  const known = word("rule", name);
  if (known !== name) return known;
  return meaning.split("; ").map((part) => (part === told["en"] ? (told[language.value] ?? part) : ruled(part))).join("; ");
}

/** @param {string} part */
function ruled(part) {
  const [, which, signals] = PARTS.exec(part) ?? [];
  return which ? `${word("ruled", `${which}_of`)} ${signals}` : word("ruled", part.replaceAll(" ", "_")).replaceAll("_", " ");
}
