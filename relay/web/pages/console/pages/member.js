// A member: consent and addresses, writing first, ending their credentials, erasing everything of theirs.

import { get, post, remove } from "../api.js";
import { slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Confirm } from "../parts/dialog.js";
import { Doubt, doubts } from "../parts/doubt.js";
import { AreaField, SelectField } from "../parts/field.js";
import { Skeleton, Trouble, complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { LONGEST, room, saidRoom } from "../parts/room.js";
import { useOnce } from "../once.js";
import { go } from "../route.js";
import { may } from "../session.js";
import { html, useState } from "../view.js";
import { date, dateTime, languageName, list, number, t, word } from "../words.js";
import { useErased } from "./erased.js";
import { Measures } from "./measures.js";

/** @typedef {import("../wire.js").MemberDetail} Detail */

/** @param {{ id: string, onGone: () => void }} props */
export function Member({ id, onGone }) {
  const found = useLoaded(() => /** @type {Promise<Detail>} */ (get(`/members/${id}`)), [id]);
  const [asked, setAsked] = useState(/** @type {"erase" | "revoke" | "write" | "lift" | null} */ (null));
  const [name, setName] = useState(/** @type {string | null} */ (null));
  const close = () => setAsked(null);
  const member = found.value;
  useErased(id, onGone);
  if (!member) return html`<div class="page"><${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.problem && html`<${Skeleton} kind="text" rows=${6} />`}</div>`;
  const act = async (/** @type {string} */ path, /** @type {string} */ said, /** @type {() => void} */ then) => {
    try {
      await remove(path);
      toast(said);
      then();
    } catch (problem) {
      complain(problem);
    }
    close();
  };
  const erase = () => act(`/members/${id}`, t("member.erased"), onGone);
  const revoke = () => act(`/members/${id}/tokens`, t("member.revoked"), () => undefined);
  return html`<article class="page">
    <header class="page-head"><div><h2>${member.pseudonym}</h2><p class="quiet">
      ${t("member.since")} ${date(member.joined_at)}</p></div>
      ${may("changeMembers") && html`<button type="button" onClick=${() => setAsked("write")}><${Icon} name="answer" />
        ${t("member.write")}</button>`}</header>
    <section class="card" aria-label=${t("member.about")}><dl class="facts wide">
      <div><dt>${t("standing")}</dt><dd>${t(`standing.${member.standing}`)}</dd></div>
      <div><dt>${t("language")}</dt><dd>${languageName(member.language)}</dd></div>
      <div><dt>${t("time-zone")}</dt><dd>${member.time_zone}</dd></div>
      ${member.has_name && (name !== null || may("changeMembers")) && html`<div><dt>${t("name")}</dt><dd>${name ??
        html`<button type="button" class="link" onClick=${() => setAsked("lift")}>${t("member.lift")}</button>`}</dd></div>`}
      ${member.tags.length > 0 && html`<div><dt>${t("tags")}</dt><dd>${member.tags.join(", ")}</dd></div>`}
      <div><dt>${t("trust")}</dt><dd>${trusted(member.trust)}</dd></div>
      <div><dt>${t("addresses")}</dt><dd>${member.addresses.map((one) => one.channel).join(", ")}</dd></div>
    </dl></section>
    <section class="card"><h3>${t("consent")}</h3><ul class="plain-list">
      ${member.consents.map((one) => html`<li key=${one.at}><${Icon} name=${one.withdrawn_at ? "close" : "check"} />
        <span>${receipt(one)}
        ${one.withdrawn_at && html`<br />${t("consent.withdrawn", { time: dateTime(one.withdrawn_at) })}`}</span></li>`)}
    </ul></section>
    ${may("readCases") && html`<${Measures} id=${id} name=${member.pseudonym} />`}
    ${may("changeMembers") && html`<section class="card grave-acts"><h3>${t("member.end")}</h3>
      <div><p>${t("member.revoke.why")}</p><button type="button" onClick=${() => setAsked("revoke")}>
        ${t("member.revoke")}</button></div>
      <div><p>${t("member.erase.why")}</p><button type="button" class="grave" onClick=${() => setAsked("erase")}>
        ${t("member.erase")}</button></div></section>`}
    ${asked === "erase" && html`<${Confirm} title=${t("member.erase.ask", { name: member.pseudonym })}
      act=${t("member.erase")} isGrave onAct=${erase} onClose=${close}><p>${t("member.erase.means")}</p><//>`}
    ${asked === "revoke" && html`<${Confirm} title=${t("member.revoke.ask", { name: member.pseudonym })}
      act=${t("member.revoke")} isGrave onAct=${revoke} onClose=${close}><p>${t("member.revoke.means")}</p><//>`}
    ${asked === "lift" && html`<${LiftName} member=${member} onName=${setName} onClose=${close} />`}
    ${asked === "write" && html`<${WriteFirst} member=${member} onClose=${close} />`}
  </article>`;
}

/** @param {import("../wire.js").Trust} trust */
function trusted(trust) {
  const made = [
    t("trust.approved", { n: trust.approved }),
    t("trust.days", { n: trust.days }),
    ...(trust.known ? [t("trust.known")] : []),
  ];
  return `${number(trust.value, 2)}: ${list(made)}. ${t(trust.lightly ? "trust.lightly" : "trust.fully")}`;
}

/** @param {import("../wire.js").Consent} one */
function receipt(one) {
  const what = { source: word("source", one.source), channel: one.channel, version: one.text_version };
  return t("consent.receipt", { ...what, time: dateTime(one.at) });
}

const REASONS = /** @type {const} */ (["request", "data", "harm", "law"]);

/**
 * A name comes for a reason, and who asked stands in the log.
 * @param {{ member: Detail, onName: (name: string) => void, onClose: () => void }} props
 */
function LiftName({ member, onName, onClose }) {
  const [reason, setReason] = useState(/** @type {string} */ (REASONS[0]));
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const lift = async () => {
    try {
      onName((await post(`/members/${member.id}:lift`, { reason })).name);
      onClose();
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<${Confirm} title=${t("member.lift.ask", { name: member.pseudonym })} act=${t("member.lift")} onAct=${lift}
    onClose=${onClose}>
    <${Trouble} problem=${problem} />
    <p>${t("member.lift.means")}</p>
    <${SelectField} label=${t("member.lift.reason")} value=${reason} onValue=${setReason}
      options=${REASONS.map((one) => [one, t(`lift.${one}`)])} /><//>`;
}

/** @param {{ member: Detail, onClose: () => void }} props */
function WriteFirst({ member, onClose }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const sendOnce = useOnce();
  const left = room(text, LONGEST);
  const send = async (/** @type {string | null} */ despite = null) => {
    if (!text.trim() || left < 0) return;
    try {
      await sendOnce(`/members/${member.id}/messages`, { text, despite });
      toast(t("member.written", { name: member.pseudonym }));
      go(slug.value, "inbox", "waiting");
      onClose();
    } catch (caught) {
      setProblem(caught);
    }
  };
  if (doubts(problem).length > 0)
    return html`<${Doubt} problem=${problem} text=${text} onSend=${send} onClose=${() => setProblem(null)} />`;
  return html`<${Confirm} title=${t("member.write.to", { name: member.pseudonym })}
    act=${t("answer.act", { name: member.pseudonym })} onAct=${() => send()} onClose=${onClose}>
    <${Trouble} problem=${problem} />
    <${AreaField} label=${t("message")} hint=${t("member.write.hint")} value=${text} onValue=${setText}
      fault=${left < 0 ? saidRoom(left) : undefined} required autofocus /><//>`;
}
