// What stands against a member: the points of their strikes, what they meet and until when; imposed and ended by hand.

import { get, post, relayTime } from "../api.js";
import { nameOf } from "../desk.js";
import { useList, useLoaded, useNews } from "../loaded.js";
import { useOnce } from "../once.js";
import { Confirm } from "../parts/dialog.js";
import { AreaField, Choice, SelectField } from "../parts/field.js";
import { Skeleton, Trouble, complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Text } from "../parts/text.js";
import { may } from "../session.js";
import { html, useState } from "../view.js";
import { dateTime, number, t, word } from "../words.js";

/**
 * @typedef {import("../wire.js").Measure} Measure
 * @typedef {import("../wire.js").Against} Against
 */

const KINDS = /** @type {const} */ (["warn", "slow", "pre_moderation", "mute", "ban"]);
const SHADOW = "shadow"; // where the operator allows it
const DAYS = /** @type {const} */ (["1", "3", "7", "30"]);
const DAY = 86_400_000; // milliseconds
const LAST = 5; // measures in sight: what is long over explains nothing

/** When something ends that begins now. @param {string} days */
export const ending = (days) => new Date(relayTime() + Number(days) * DAY).toISOString();

/**
 * What somebody is to meet, and for how long: said as the moment at which it ends, too.
 * @param {{ kind: string, onKind: (kind: string) => void, days: string, onDays: (days: string) => void,
 *   mayShadow?: boolean }} props
 */
export function TermFields({ kind, onKind, days, onDays, mayShadow = false }) {
  return html`<${SelectField} label=${t("measures.kind")} value=${kind} onValue=${onKind}
      options=${[...KINDS, ...(mayShadow ? [SHADOW] : [])].map((one) => [one, word("measure", one)])} />
    ${kind === SHADOW && html`<p class="remark"><${Icon} name="warn" /><span>${t("shadow.means")}</span></p>`}
    <${Choice} label=${t("measures.days")} value=${days} onValue=${onDays}
      options=${DAYS.map((one) => [one, t(`measures.days.${one}`)])} />
    <p class="hint">${t("measures.ends", { until: dateTime(ending(days)) })}</p>`;
}

/** @param {{ id: string, name: string }} props */
export function Measures({ id, name }) {
  const found = useLoaded(() => /** @type {Promise<Against>} */ (get(`/members/${id}/measures`)), [id]);
  useNews(found.reload, (event) => event.event.startsWith("measure.") && event.member === id);
  const [asked, setAsked] = useState(/** @type {Measure | "impose" | null} */ (null));
  const against = found.value;
  const done = (/** @type {string} */ said) => {
    setAsked(null);
    toast(said);
    void found.reload();
  };
  const act = async (/** @type {string} */ path, /** @type {string} */ said) => {
    try {
      await post(path, {});
      done(said);
    } catch (problem) {
      complain(problem);
      void found.reload();
    }
  };
  return html`<section class="card" aria-label=${t("measures")}><h3>${t("measures")}</h3>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!against && !found.problem && html`<${Skeleton} kind="text" rows=${2} />`}
    ${against && html`<p class="quiet">${t("measures.points", { points: number(against.points, 1) })}</p>
      ${against.measures.length === 0 && html`<p>${t("measures.none")}</p>`}
      <ul class="plain-list">${against.measures.slice(-LAST).reverse().map(
        (one) => html`<li key=${one.id}><${Icon} name=${one.is_in_force ? "warn" : "clock"} />
          <span>${line(one)}${one.reason && html`<br /><span class="quiet">${one.reason}</span>`}
          ${one.objected_at && html`<br />${looked(one)}`}</span>
          ${may("decide") && one.is_in_force && one.kind !== SHADOW && html`<button type="button"
            onClick=${() => act(`/measures/${one.id}:lift`, t("measures.lifted"))}>${t("measures.lift")}</button>`}
          ${may("decide") && one.kind === SHADOW && (one.is_in_force || one.kept > 0) && html`<button type="button"
            onClick=${() => act(`/measures/${one.id}:lift`, t("shadow.lifted"))}>
            ${one.is_in_force ? t("shadow.lift") : t("shadow.bring")}</button>`}
          ${may("decide") && one.state === "proposed" && html`<button type="button" onClick=${() => setAsked(one)}>
            ${t("measures.confirm")}</button><button type="button"
            onClick=${() => act(`/measures/${one.id}:dismiss`, t("measures.dismissed"))}>${t("measures.dismiss")}</button>`}
        </li>`,
      )}</ul>
      <${Kept} id=${id} count=${against.measures.reduce((sum, one) => sum + one.kept, 0)} />`}
    ${may("decide") && html`<button type="button" onClick=${() => setAsked("impose")}>${t("measures.impose")}</button>`}
    ${asked === "impose" && html`<${Impose} id=${id} name=${name} mayShadow=${against?.may_shadow ?? false}
      onDone=${done} onClose=${() => setAsked(null)} />`}
    ${asked !== null && asked !== "impose" && html`<${ConfirmBan} id=${asked.id} name=${name}
      onDone=${() => done(t("measures.imposed"))} onClose=${() => setAsked(null)} />`}
  </section>`;
}

/** What came of an objection. @param {Measure} one */
function looked({ objected_at: since, answered_at: at, answered_by: by, answer }) {
  if (at === null) return t("measures.objected", { time: dateTime(since) });
  return `${t("measures.answered", { name: nameOf(by) || t("team"), time: dateTime(at) })} ${answer ?? ""}`.trim();
}

/** What it is, since when and until when, who. @param {Measure} one */
function line(one) {
  const who = one.by ? nameOf(one.by) || t("team") : t("measures.ladder");
  const what = { kind: word("measure", one.kind), until: dateTime(one.until), who };
  if (one.is_in_force) return t("measures.holds", what);
  if (one.state === "imposed") return t("measures.over", what);
  return t(`measures.state.${one.state}`, what);
}

/** What shadow mode keeps out of the inbox, read when somebody asks for it. @param {{ id: string, count: number }} props */
function Kept({ id, count }) {
  const [isOpen, setOpen] = useState(false);
  if (count === 0) return null;
  return html`<p class="remark"><${Icon} name="warn" /><span>${t("shadow.kept", { n: count })}</span></p>
    <button type="button" aria-expanded=${isOpen} onClick=${() => setOpen(!isOpen)}>
      ${isOpen ? t("shadow.hide") : t("shadow.read")}</button>
    ${isOpen && html`<${KeptList} key=${count} id=${id} />`}`;
}

/** @param {{ id: string }} props */
function KeptList({ id }) {
  const list = useList(`/members/${id}/shadow`, {});
  const items = /** @type {import("../wire.js").KeptMessage[] | undefined} */ (list.items);
  return html`<${Trouble} problem=${list.problem} onRetry=${list.refresh} />
    ${!items && !list.problem && html`<${Skeleton} kind="text" rows=${2} />`}
    <ul class="flips">${items?.map((one) => html`<li key=${one.id}>
      <p class="flip-text" dir="auto"><${Text} text=${one.text} /></p>
      <time class="quiet" datetime=${one.at}>${dateTime(one.at)}</time></li>`)}</ul>
    ${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`;
}

/** @param {{ id: string, name: string, mayShadow: boolean, onDone: (said: string) => void, onClose: () => void }} props */
function Impose({ id, name, mayShadow, onDone, onClose }) {
  const [kind, setKind] = useState(/** @type {string} */ ("warn"));
  const [days, setDays] = useState(/** @type {string} */ ("1"));
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const once = useOnce();
  const impose = async () => {
    if (!reason.trim()) return;
    try {
      await once(`/members/${id}/measures`, { kind, until: ending(days), reason }, { kind, days, reason });
      onDone(kind === SHADOW ? t("shadow.imposed") : t("measures.imposed"));
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<${Confirm} title=${t("measures.ask", { name })} act=${kind === SHADOW ? t("shadow.act") : t("measures.act")}
    isGrave onAct=${impose} onClose=${onClose}>
    <${Trouble} problem=${problem} />
    <${TermFields} kind=${kind} onKind=${setKind} days=${days} onDays=${setDays} mayShadow=${mayShadow} />
    <${AreaField} label=${t("measures.reason")} value=${reason} onValue=${setReason} maxlength="1000" required rows="3"
      hint=${kind === SHADOW ? t("shadow.reason") : t("case.reject.hint", { name })} /><//>`;
}

/** @param {{ id: string, name: string, onDone: () => void, onClose: () => void }} props */
function ConfirmBan({ id, name, onDone, onClose }) {
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const once = useOnce();
  const confirm = async () => {
    if (!reason.trim()) return;
    try {
      await once(`/measures/${id}:confirm`, { reason });
      onDone();
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<${Confirm} title=${t("measures.confirm.ask", { name })} act=${t("measures.confirm")} isGrave onAct=${confirm}
    onClose=${onClose}>
    <${Trouble} problem=${problem} />
    <${AreaField} label=${t("measures.reason")} hint=${t("case.reject.hint", { name })} value=${reason} onValue=${setReason}
      maxlength="1000" required autofocus rows="3" /><//>`;
}
