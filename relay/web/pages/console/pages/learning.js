// What moderation learned from staff's decisions: why there is nothing yet, each model with what it knows, and its two buttons.

import { all, get, post } from "../api.js";
import { nameOf, slug } from "../desk.js";
import { useLoaded, useNews } from "../loaded.js";
import { Empty, Skeleton, Trouble, complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { to } from "../route.js";
import { may } from "../session.js";
import { html, useState } from "../view.js";
import { dateTime, number, t } from "../words.js";

/**
 * @typedef {import("../wire.js").Learning} Learning
 * @typedef {import("../wire.js").Model} Model
 * @typedef {import("../wire.js").ModelWords} ModelWords
 * @typedef {{ learning: Learning, models: Model[] }} Found
 */

const MOST = 60; // words of each side: the weaker ones say little

export function Learned() {
  const here = slug.value;
  const found = useLoaded(() => read(here), [here]);
  useNews(found.reload, (event) => event.event.startsWith("case."));
  const { learning, models } = found.value ?? {};
  return html`<${Sheet} title=${t("learning")} why=${t("learning.why")} acts=${html`<button type="button"
    onClick=${found.reload}>${t("reload")}</button>`}>
    <p><a href=${to(here, "settings", "plugins")}>${t("learning.back")}</a></p>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.value && !found.problem && html`<${Skeleton} rows=${3} />`}
    ${learning && html`<${Standing} learning=${learning} hasModels=${models?.length} />`}
    ${models && html`<ul class="cards">${models.map((one) => html`<${Card} key=${one.id} one=${one}
      onDone=${found.reload} />`)}</ul>`}
  <//>`;
}

/** @param {string} here @returns {Promise<Found>} */
async function read(here) {
  const [learning, models] = await Promise.all([get(`/communities/${here}/learning`), all(`/communities/${here}/models`)]);
  return { learning, models };
}

/** How far it is. @param {{ learning: Learning, hasModels: number | undefined }} props */
function Standing({ learning, hasModels }) {
  const { why_not: why, least, least_members: members } = learning;
  if (why === "off") return html`<${Empty} icon="plug" title=${t("learning.off")} why=${t("learning.off.why")} />`;
  return html`<section class="card" aria-label=${t("learning.decided")}><h3>${t("learning.decided")}</h3>
    ${why === "few" && html`<p>${t("learning.few", { least: number(least) })}</p>`}
    ${why === "no_words" && html`<p>${t("learning.words-none", { members: number(members) })}</p>`}
    ${why === null && !hasModels && html`<p>${t("learning.soon")}</p>`}
    <dl class="figures">
      <div><dt>${t("learning.rejected")}</dt><dd>${counted(learning.rejected, least)}</dd></div>
      <div><dt>${t("learning.delivered")}</dt><dd>${counted(learning.delivered, least)}</dd></div></dl></section>`;
}

/** @param {number} count @param {number} least */
const counted = (count, least) =>
  count < least ? t("learning.of", { n: number(count), least: number(least) }) : number(count);

/** @param {{ one: Model, onDone: () => Promise<void> }} props */
function Card({ one, onDone }) {
  const state = one.is_in_use ? "used" : one.emptied_at ? "empty" : "idle";
  const act = async (/** @type {"use" | "withdraw"} */ what) => {
    try {
      await post(`/models/${one.id}:${what}`, {});
      toast(t(`model.${what}.done`, { n: number(one.number) }));
    } catch (problem) {
      complain(problem);
    }
    await onDone();
  };
  return html`<li class="card"><div class="line">
      <h3>${t("model.number", { n: number(one.number) })}</h3>
      <p class=${`mark ${one.is_in_use ? "running" : ""}`}><${Icon} name=${one.is_in_use ? "check" : "dot"} />
        ${t(`model.${state}`)}</p></div>
    <p class="quiet">${t("model.from", { time: dateTime(one.at), rejected: number(one.rejected),
      delivered: number(one.delivered), members: number(one.members) })}
      ${one.is_in_use && one.used_at && html` ${t("model.since", { time: dateTime(one.used_at),
        who: nameOf(one.used_by ?? "") || t("team") })}`}</p>
    ${one.emptied_at && html`<p class="remark"><${Icon} name="warn" />${t("model.empty.why")}</p>`}
    ${one.is_outdated && !one.emptied_at && html`<p class="remark"><${Icon} name="warn" />${t("model.outdated")}</p>`}
    <dl class="figures">
      <div><dt>${t("model.recall")}</dt><dd>${share(one.worth.recall)}</dd></div>
      <div><dt>${t("model.alarms")}</dt><dd>${share(one.worth.false_alarms)}</dd></div>
      <div><dt>${t("model.words")}</dt><dd>${number(one.words)}</dd></div></dl>
    ${!one.emptied_at && html`<${Words} one=${one} />`}
    ${may("changeCommunity") && html`<div class="actions">
      ${one.is_in_use && html`<button type="button" onClick=${() => act("withdraw")}>${t("model.withdraw")}</button>`}
      ${state === "idle" && html`<button type="button" class="main" onClick=${() => act("use")}>
        ${t("model.use")}</button>`}</div>`}</li>`;
}

/** All that it knows, read when somebody wants to see it. @param {{ one: Model }} props */
function Words({ one }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="options" onToggle=${(/** @type {Event} */ event) =>
    setOpen(/** @type {HTMLDetailsElement} */ (event.currentTarget).open)}>
    <summary>${t("model.show")}</summary>${isOpen && html`<${Known} id=${one.id} />`}</details>`;
}

/** @param {{ id: string }} props */
function Known({ id }) {
  const found = useLoaded(() => /** @type {Promise<ModelWords>} */ (get(`/models/${id}`)), [id]);
  const known = found.value?.known;
  return html`<p class="quiet">${t("model.show.why")}</p>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!known && !found.problem && html`<${Skeleton} kind="text" rows=${3} />`}
    ${known && html`<${Side} title=${t("model.for")} words=${known.filter((one) => one.weight > 0)} />
      <${Side} title=${t("model.against")} words=${known.filter((one) => one.weight < 0)} />`}`;
}

/** @param {{ title: string, words: ModelWords["known"] }} props */
function Side({ title, words }) {
  return html`<h4>${title}</h4>
    ${words.length === 0 && html`<p>${t("value.none")}</p>`}
    <ul class="chips">${words.slice(0, MOST).map((one) => html`<li key=${one.word} class="chip">${one.word}
      <span class="quiet">${number(Math.abs(one.weight), 1)}</span></li>`)}</ul>
    ${words.length > MOST && html`<p class="quiet">${t("model.more", { n: number(words.length - MOST) })}</p>`}`;
}

/** @param {number} value from 0 to 1 */
const share = (value) =>
  new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 }).format(value);
