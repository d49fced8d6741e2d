// What stands against a member: the points of their strikes, what they meet and until when; imposed and ended by hand.

import { get, post } from "../api.js";
import { nameOf } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { useOnce } from "../once.js";
import { Confirm } from "../parts/dialog.js";
import { AreaField, SelectField } from "../parts/field.js";
import { Skeleton, Trouble, complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { may } from "../session.js";
import { html, useState } from "../view.js";
import { dateTime, number, t, word } from "../words.js";

/**
 * @typedef {import("../wire.js").Measure} Measure
 * @typedef {import("../wire.js").Against} Against
 */

const KINDS = /** @type {const} */ (["warn", "slow", "pre_moderation", "mute", "ban"]);
const DAYS = /** @type {const} */ (["1", "3", "7", "30"]);
const DAY = 86_400_000; // milliseconds
const LAST = 5; // measures in sight: what is long over explains nothing

/** @param {{ id: string, name: string }} props */
export function Measures({ id, name }) {
  const found = useLoaded(() => /** @type {Promise<Against>} */ (get(`/members/${id}/measures`)), [id]);
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
          ${one.objected_at && html`<br />${t("measures.objected", { time: dateTime(one.objected_at) })}`}</span>
          ${may("decide") && one.is_in_force && html`<button type="button"
            onClick=${() => act(`/measures/${one.id}:lift`, t("measures.lifted"))}>${t("measures.lift")}</button>`}
          ${may("decide") && one.state === "proposed" && html`<button type="button" onClick=${() => setAsked(one)}>
            ${t("measures.confirm")}</button><button type="button"
            onClick=${() => act(`/measures/${one.id}:dismiss`, t("measures.dismissed"))}>${t("measures.dismiss")}</button>`}
        </li>`,
      )}</ul>`}
    ${may("decide") && html`<button type="button" onClick=${() => setAsked("impose")}>${t("measures.impose")}</button>`}
    ${asked === "impose" && html`<${Impose} id=${id} name=${name} onDone=${() => done(t("measures.imposed"))}
      onClose=${() => setAsked(null)} />`}
    ${asked !== null && asked !== "impose" && html`<${ConfirmBan} id=${asked.id} name=${name}
      onDone=${() => done(t("measures.imposed"))} onClose=${() => setAsked(null)} />`}
  </section>`;
}

/** What it is, since when and until when, who. @param {Measure} one */
function line(one) {
  const who = one.by ? nameOf(one.by) || t("team") : t("measures.ladder");
  const what = { kind: word("measure", one.kind), until: dateTime(one.until), who };
  if (one.is_in_force) return t("measures.holds", what);
  if (one.state === "imposed") return t("measures.over", what);
  return t(`measures.state.${one.state}`, what);
}

/** @param {{ id: string, name: string, onDone: () => void, onClose: () => void }} props */
function Impose({ id, name, onDone, onClose }) {
  const [kind, setKind] = useState(/** @type {string} */ ("warn"));
  const [days, setDays] = useState(/** @type {string} */ ("1"));
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const once = useOnce();
  const impose = async () => {
    if (!reason.trim()) return;
    const until = new Date(Date.now() + Number(days) * DAY).toISOString();
    try {
      await once(`/members/${id}/measures`, { kind, until, reason }, { kind, days, reason });
      onDone();
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<${Confirm} title=${t("measures.ask", { name })} act=${t("measures.act")} isGrave onAct=${impose}
    onClose=${onClose}>
    <${Trouble} problem=${problem} />
    <${SelectField} label=${t("measures.kind")} value=${kind} onValue=${setKind}
      options=${KINDS.map((one) => [one, word("measure", one)])} />
    <${SelectField} label=${t("measures.days")} value=${days} onValue=${setDays}
      options=${DAYS.map((one) => [one, t(`measures.days.${one}`)])} />
    <${AreaField} label=${t("measures.reason")} hint=${t("case.reject.hint", { name })} value=${reason} onValue=${setReason}
      maxlength="1000" required rows="3" /><//>`;
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
