// What stands beside a thread: who the member is to the team, their consent and labels.

import { get, patch } from "../api.js";
import { openThread } from "../calm.js";
import { now, slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Skeleton, Trouble, complain } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { to } from "../route.js";
import { may } from "../session.js";
import { html, typed, useState } from "../view.js";
import { ago, date, languageName, t } from "../words.js";

/** @typedef {import("../wire.js").MemberDetail} Member */

/** @param {{ id: string }} props */
export function Beside({ id }) {
  const thread = openThread.value?.id === id ? openThread.value : null;
  if (thread === null) return html`<${Skeleton} kind="text" rows=${3} />`;
  return html`<div class="beside">
    <h3>${t("member")}</h3>
    ${may("readMembers") ? html`<${About} id=${thread.member.id} />` : html`<p>${thread.member.pseudonym}</p>`}
    <h3>${t("labels")}</h3>
    <${Labels} thread=${thread} />
    <h3>${t("history")}</h3>
    <p class="quiet">${t("thread.since", { time: date(thread.created_at) })}</p>
    <p class="promise"><${Icon} name="cases" />${t("promise", { name: thread.member.pseudonym })}</p>
  </div>`;
}

/** @param {{ id: string }} props */
function About({ id }) {
  const member = useLoaded(() => /** @type {Promise<Member>} */ (get(`/members/${id}`)), [id]);
  if (member.problem) return html`<${Trouble} problem=${member.problem} onRetry=${member.reload} />`;
  const found = member.value;
  if (!found) return html`<${Skeleton} kind="text" rows=${3} />`;
  return html`<dl class="facts">
      <div><dt>${t("member.since")}</dt><dd>${date(found.joined_at)}</dd></div>
      <div><dt>${t("language")}</dt><dd>${languageName(found.language)}</dd></div>
      ${found.standing === "left" && html`<div><dt>${t("standing")}</dt><dd>${t("standing.left")}</dd></div>`}
      ${found.consents.map((one) => html`<div key=${one.at}><dt>${t("consent")}</dt>
        <dd>${t("consent.line", { channel: one.channel, version: one.text_version })} <span class="quiet">
          ${ago(one.at, now.value)}</span></dd></div>`)}
      ${found.tags.length > 0 && html`<div><dt>${t("tags")}</dt><dd>${found.tags.join(", ")}</dd></div>`}
    </dl>
    <p><a href=${to(slug.value, "members", id)}>${t("member.open")}</a></p>`;
}

/** @param {{ thread: import("../wire.js").Thread }} props */
function Labels({ thread }) {
  const [text, setText] = useState("");
  const set = async (/** @type {string[]} */ labels) => {
    try {
      const changed = await patch(`/threads/${thread.id}`, { version: thread.version, labels });
      if (openThread.value?.id === thread.id) openThread.value = changed;
      return true;
    } catch (problem) {
      complain(problem);
      return false;
    }
  };
  const add = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const label = text.trim();
    if (label && (await set([...new Set([...thread.labels, label])]))) setText((now) => (now.trim() === label ? "" : now));
  };
  return html`<ul class="labels">
      ${thread.labels.map((one) => html`<li key=${one} class="label">
        ${one}${may("answer") && html`<button type="button" class="plain"
        aria-label=${t("label.remove", { label: one })} onClick=${() => set(thread.labels.filter((label) => label !== one))}>
          <${Icon} name="close" /></button>`}</li>`)}
    </ul>
    ${may("answer") && html`<form class="label-form" onSubmit=${add}>
      <input type="text" aria-label=${t("label.new")} placeholder=${t("label.new")} maxlength="40" value=${text}
        onInput=${typed(setText)} />
      <button type="submit" class="square" aria-label=${t("label.add")} disabled=${text.trim() === ""}>
        <${Icon} name="plus" /></button></form>`}`;
}
