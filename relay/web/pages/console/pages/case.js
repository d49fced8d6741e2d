// A case: the text with what was seen in it, why as sentences, how far over the thresholds, and the decision.

import { Problem, get } from "../api.js";
import { nameOf, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useLoaded, useNews } from "../loaded.js";
import { Skeleton, Trouble, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { useOnce } from "../once.js";
import { language } from "../prefs.js";
import { to } from "../route.js";
import { may, me } from "../session.js";
import { useSettled } from "../settled.js";
import { html, useRef, useState } from "../view.js";
import { dateTime, number, t, word } from "../words.js";
import { useErased } from "./erased.js";
import { Measures } from "./measures.js";
import { Rejecting } from "./rejecting.js";

/**
 * @typedef {import("../wire.js").Case} CaseShape
 * @typedef {import("../wire.js").Signal} Signal
 * @typedef {import("./rejecting.js").Said} Said
 */

/** @param {{ id: string, onDecided: () => void }} props */
export function Case({ id, onDecided }) {
  const found = useLoaded(() => /** @type {Promise<CaseShape>} */ (get(`/cases/${id}`)), [id]);
  const one = found.value;
  useNews(found.reload, (event) => event.case === id);
  useErased(one?.member.id, () => {
    toast(t("member.erased"));
    onDecided();
  });
  if (!one) return html`<div class="page"><${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.problem && html`<${Skeleton} kind="text" rows=${6} />`}</div>`;
  return html`<article class="page">
    <header class="page-head"><div><h2>${one.member.pseudonym}</h2><p class="quiet">
      ${t("case.at", { time: dateTime(one.at) })}</p></div>
      ${may("readThreads") && html`<a class="button" href=${to(slug.value, "inbox", "open", one.thread)}>
        <${Icon} name="inbox" />${t("case.thread")}</a>`}</header>
    <section aria-label=${t("case.text")}><p class="case-text" dir="auto"><${Marked} text=${one.text}
      signals=${one.signals} /></p></section>
    ${one.appeal && html`<section class="appeal"><h3><${Icon} name="answer" />${t("case.appeal")}</h3><p class="entry-text"
      dir="auto">
      ${one.appeal.text}</p></section>`}
    ${one.state === "appealed" && html`<${First} by=${one.decided_by} at=${one.decided_at} reason=${one.reason} />`}
    <section><h3>${t("case.why")}</h3>
      ${one.is_checking && html`<p class="remark"><${Icon} name="clock" />${t("case.checking.why")}</p>`}
      <ul class="reasons">
        ${one.signals.map((signal) => html`<li key=${`${signal.name}${signal.start}`}><span>
          ${finding(signal)}</span>
          <span class="quiet"><code>
            ${signal.name}</code> ${t("case.by", { plugin: signal.plugin, weight: number(signal.weight, 1) })}</span></li>`)}
        ${one.failures.map((failure) => html`<li key=${failure.plugin}><span><${Icon} name="warn" />
          ${t("case.failed", { plugin: failure.plugin })}</span>
          <span class="quiet">${failure.why}</span></li>`)}
        ${one.signals.length + one.failures.length === 0 && html`<li>${t("case.unseen")}</li>`}
      </ul>
      <${Scale} score=${one.score} thresholds=${one.thresholds} decision=${one.decision} />
    </section>
    <${Outcome} one=${one} onDecided=${onDecided} onConflict=${found.reload} />
    <${Measures} id=${one.member.id} name=${one.member.pseudonym} />
  </article>`;
}

/** English has the plugin's own words, which are closer; other languages what members read. @param {Signal} signal */
export function finding({ name, reason, told }) {
  const said = (language.value === "en" ? reason : told[language.value]) || reason;
  return said ? said[0]?.toLocaleUpperCase(language.value) + said.slice(1) : name;
}

/**
 * The text with the places that plugins point at; their reasons stand below.
 * @param {{ text: string, signals: Signal[] }} props
 */
export function Marked({ text, signals }) {
  const characters = [...text]; // plugins count characters, the browser counts halves of some
  const spans = signals
    .filter((one) => one.start !== null && one.end !== null && one.weight > 0)
    .map((one) => ({ from: one.start ?? 0, to: one.end ?? 0, said: finding(one) }))
    .sort((one, other) => one.from - other.from);
  const parts = [];
  let at = 0;
  for (const { from, to: end, said } of spans) {
    if (end <= at) continue;
    const start = Math.max(from, at);
    parts.push(characters.slice(at, start).join(""));
    parts.push(html`<mark key=${start} title=${said}>${characters.slice(start, end).join("")}</mark>`);
    at = end;
  }
  parts.push(characters.slice(at).join(""));
  return html`${parts}`;
}

/**
 * The score against the thresholds as a small scale, and the same as a sentence.
 * @param {{ score: number, thresholds: Record<string, number>, decision: string }} props
 */
function Scale({ score, thresholds, decision }) {
  const limits = Object.entries(thresholds).sort(([, one], [, other]) => one - other);
  const end = Math.max(score, ...limits.map(([, limit]) => limit), 1) * 1.1;
  const told = limits.map(([name, limit]) => t("case.limit", { name: word("decision", name), limit: number(limit, 1) }));
  const at = (/** @type {number} */ value) => (value / end) * 100;
  return html`<figure class="scale">
    <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bar-ground" width="100" height="4" /><rect class="scale-score" width=${at(score)} height="4" />
      ${limits.map(([name, limit]) => html`<rect key=${name} class="scale-limit" x=${at(limit) - 0.2} width="0.4"
        height="4" />`)}
    </svg>
    <figcaption>${t("case.score", { score: number(score, 1), decision: word("decision", decision) })}
      <span class="quiet">${told.join(" · ")}</span></figcaption>
  </figure>`;
}

/**
 * The decision that somebody appeals, and who may look at it again.
 * @param {{ by: string | null, at: string | null, reason: string | null }} props
 */
export function First({ by, at, reason }) {
  const isOwn = by !== null && by === me.value?.id;
  return html`<section class="first"><h3>${t("appeal.first")}</h3>
    <p>${by ? t("case.decided", { name: nameOf(by) || t("team"), time: dateTime(at) }) : t("appeal.first.rule")}</p>
    ${reason && html`<p class="quiet">${t("case.reason", { reason })}</p>`}
    ${isOwn && html`<p class="remark"><${Icon} name="person" />${t("appeal.own")}</p>`}
    ${!isOwn && html`<p class="hint">${t("appeal.who")}</p>`}</section>`;
}

/** Who decided, and when. @param {CaseShape} one */
function decided(one) {
  return t("case.decided", { name: nameOf(one.decided_by) || t("team"), time: dateTime(one.decided_at) });
}

/** What is said once it is done. @param {Said["finding"]} finding */
function became({ action, measure }) {
  if (measure) return t("case.muted", { kind: word("measure", measure.kind), until: dateTime(measure.until) });
  return action === "deliver" ? t("case.delivered") : t("case.rejected");
}

/** @param {{ one: CaseShape, onDecided: () => void, onConflict: () => void }} props */
function Outcome({ one, onDecided, onConflict }) {
  const [reason, setReason] = useState("");
  const [asked, setAsked] = useState(/** @type {"reject" | "mute" | null} */ (null));
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const send = useOnce();
  const isBusy = useRef(false);
  const isSettled = useSettled(one.id);
  const isAppealed = one.state === "appealed";
  const isOwn = isAppealed && one.decided_by === me.value?.id;
  const isOpen = (one.state === "open" || isAppealed) && may("decide");
  const toDeliver = isAppealed ? t("appeal.overturn") : t("case.deliver");
  const toReject = isAppealed ? t("appeal.uphold") : t("case.reject");
  const mayMute = isOpen && !isAppealed; // after an appeal there is none against a measure
  const delivered = /** @type {const} */ ({ action: "deliver", reason: "" });
  const deliver = () => isSettled && decide({ finding: delivered, form: delivered });
  useCommands(
    isOpen && !isOwn
      ? [
          { name: "deliver", key: "d", said: toDeliver, run: deliver },
          { name: "reject", key: "x", said: toReject, run: () => setAsked("reject") },
          ...(mayMute ? [{ name: "mute", key: "m", said: t("case.mute"), run: () => setAsked("mute") }] : []),
        ]
      : [],
    [one.id, isOpen, isOwn, mayMute, t("back")],
  );
  const decide = async (/** @type {Said} */ { finding, form }) => {
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      await send(`/cases/${one.id}:decide`, finding, form);
      toast(became(finding));
      onDecided();
    } catch (caught) {
      setProblem(caught);
      setAsked(null);
      if (caught instanceof Problem && caught.status === 409) onConflict();
    }
    isBusy.current = false;
  };
  const reasonGiven = one.decided_by && one.state === "rejected" ? one.reason : null;
  if (isOwn) return null;
  if (!isOpen)
    return html`<section class="outcome"><h3>${t(`case.state.${one.state}`)}</h3>
      <p>${one.decided_by ? decided(one) : t("case.by-rule")}</p>
      ${reasonGiven && html`<p class="quiet">${t("case.reason", { reason: reasonGiven })}</p>`}</section>`;
  return html`<section class="outcome">
    <${Trouble} problem=${problem} />
    <div class="two-acts">
      <button type="button" class="main large" aria-disabled=${isSettled ? undefined : "true"} onClick=${deliver}>
        <${Icon} name="check" />${toDeliver} <kbd>D</kbd></button>
      <button type="button" class="large" onClick=${() => setAsked("reject")}><${Icon} name="close" />
        ${toReject} <kbd>X</kbd></button>
      ${mayMute && html`<button type="button" class="large" onClick=${() => setAsked("mute")}><${Icon} name="warn" />
        ${t("case.mute")} <kbd>M</kbd></button>`}
    </div>
    <p class="hint">${t("case.hint")}</p>
    ${asked && html`<${Rejecting} act=${isAppealed ? toReject : t(`case.${asked}.act`)}
      title=${isAppealed ? t("appeal.uphold.ask") : t(`case.${asked}.ask`, { name: one.member.pseudonym })}
      hint=${t(isAppealed ? "objection.reason.hint" : "case.reject.hint", { name: one.member.pseudonym })}
      reason=${reason} onReason=${setReason} hasTerm=${asked === "mute"} onAct=${decide} onClose=${() => setAsked(null)} />`}
  </section>`;
}
