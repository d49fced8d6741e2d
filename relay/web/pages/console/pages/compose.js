// Writing a post: text left, how it will look right, and before it goes the exact number of people it goes to.

import { get } from "../api.js";
import { community, counted, counts, slug } from "../desk.js";
import { draft as recalled, keepDraft, sendDraft } from "../drafts.js";
import { useLoaded } from "../loaded.js";
import { CheckField, AreaField, TextField } from "../parts/field.js";
import { Confirm } from "../parts/dialog.js";
import { Doubt, doubts } from "../parts/doubt.js";
import { Trouble, faultAt, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { LONGEST, room, saidRoom } from "../parts/room.js";
import { go, to } from "../route.js";
import { html, useEffect, useState } from "../view.js";
import { dateTime, number, t } from "../words.js";
import { Preview } from "./post.js";

/**
 * @typedef {{ label: string, opens_thread: boolean }} Label
 * @typedef {{ title: string, text: string, labels: Label[] }} Draft
 */

const MOST_BUTTONS = 3;
const TYPE_ABOVE = 1000; // members: a number that large is typed before it goes
const LONGEST_TITLE = 200;
const LONGEST_LABEL = 40;
const EMPTY = /** @type {Draft} */ ({ title: "", text: "", labels: [] });

/** @param {string} name @returns {Draft} */
function kept(name) {
  try {
    return { ...EMPTY, ...JSON.parse(recalled(name) || "{}") };
  } catch {
    return EMPTY;
  }
}

export function Compose() {
  const here = slug.value;
  const name = `post.${here}`;
  const [draft, setDraft] = useState(() => kept(name));
  const [asked, setAsked] = useState(0); // members: the number that is asked about stays as it was read
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const [uncounted, setUncounted] = useState(/** @type {unknown} */ (null));
  const recount = () => counted(here).then(() => setUncounted(null), setUncounted);
  useEffect(() => void recount(), [here]);
  const change = (/** @type {Partial<Draft>} */ part) => {
    const changed = { ...draft, ...part };
    setDraft(changed);
    keepDraft(name, JSON.stringify(changed));
  };
  const labels = draft.labels.map((one) => ({ ...one, label: one.label.trim() })).filter((one) => one.label !== "");
  const buttons = labels.map((one, place) => ({ id: `b${place + 1}`, ...one }));
  const left = room(draft.text, LONGEST);
  const audience = counts.value?.members.active; // nobody knows while it cannot be counted
  const send = async (/** @type {string | null} */ despite = null) => {
    const body = { despite, text: draft.text, title: draft.title.trim() || null, buttons };
    try {
      const made = await sendDraft(name, `/communities/${here}/posts`, body);
      toast(t("post.accepted", { n: made.audience }));
      go(here, "posts", made.id);
    } catch (caught) {
      setProblem(caught);
      setAsked(0);
    }
  };
  const ask = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setProblem(null);
    try {
      setAsked((await counted(here)).members.active);
    } catch (caught) {
      setProblem(caught);
    }
  };
  const isDoubtful = doubts(problem).length > 0;
  const plain = isDoubtful ? null : problem;
  return html`<div class="page">
    <header class="page-head"><h2>${t("post.write")}</h2></header>
    <div class="post-sides">
      <form class="stack" onSubmit=${ask}>
        <${Trouble} problem=${plain} />
        <${Trouble} problem=${audience === undefined && uncounted} onRetry=${recount} />
        <${TextField} label=${t("post.title")} hint=${t("optional")} value=${draft.title} maxlength=${LONGEST_TITLE}
          onValue=${(/** @type {string} */ title) => change({ title })} fault=${faultAt(problem, "title")} />
        <${AreaField} label=${t("post.text")} rows="8" required value=${draft.text}
          onValue=${(/** @type {string} */ text) => change({ text })}
          fault=${left < 0 ? saidRoom(left) : faultAt(plain, "text")} hint=${left < 0 ? undefined : saidRoom(left)} />
        <${Buttons} labels=${draft.labels} onChange=${(/** @type {Label[]} */ labels) => change({ labels })} />
        <div class="actions">
          <button type="submit" class="main" disabled=${!draft.text.trim() || left < 0 || !audience}>
            ${audience === undefined ? t("post") : t("post.act", { n: audience })}</button>
        </div>
        <p class="hint">${audience === 0 ? html`${t("post.nobody")} <a href=${to(here, "settings", "invites")}>
          ${t("invite.act")}</a>` : t("post.hint")}</p>
      </form>
      <section aria-label=${t("preview")} class="preview">
        <h3>${t("preview")}</h3>
        ${draft.text.trim() || draft.title.trim()
          ? html`<${Preview} title=${draft.title} text=${draft.text} buttons=${buttons} name=${community.value?.name ?? ""} />`
          : html`<p class="quiet">${t("preview.none")}</p>`}
        <${Before} audience=${audience} buttons=${buttons.length} />
      </section>
    </div>
    ${asked > 0 && html`<${Confirm} title=${t("post.ask")} act=${t("post.act", { n: asked })} onAct=${() => send()}
      onClose=${() => setAsked(0)} number=${asked > TYPE_ABOVE ? String(asked) : undefined}
      numberLabel=${t("post.type", { number: number(asked) })}>
      <p>${t("post.ask.why", { n: asked })}</p><//>`}
    ${isDoubtful && html`<${Doubt} problem=${problem} text=${draft.text} onSend=${send}
      onClose=${() => setProblem(null)} />`}
  </div>`;
}

/** @param {{ labels: Label[], onChange: (labels: Label[]) => void }} props */
function Buttons({ labels, onChange }) {
  const set = (/** @type {number} */ place, /** @type {Partial<Label>} */ part) =>
    onChange(labels.map((one, at) => (at === place ? { ...one, ...part } : one)));
  return html`<fieldset class="buttons"><legend>${t("buttons")}</legend>
    ${labels.map(
      (one, place) => html`<div class="button-row" key=${place}>
        <${TextField} label=${t("button.label", { number: number(place + 1) })} value=${one.label} maxlength=${LONGEST_LABEL}
          onValue=${(/** @type {string} */ label) => set(place, { label })} />
        <button type="button" class="plain square" aria-label=${t("button.remove", { number: number(place + 1) })}
          onClick=${() => onChange(labels.filter((_, at) => at !== place))}><${Icon} name="close" /></button>
        <${CheckField} label=${t("button.opens")} checked=${one.opens_thread}
          onChange=${(/** @type {boolean} */ opens_thread) => set(place, { opens_thread })} />
      </div>`,
    )}
    ${labels.length < MOST_BUTTONS && html`<button type="button"
      onClick=${() => onChange([...labels, { label: "", opens_thread: false }])}>
      <${Icon} name="plus" />${t("button.add")}</button>`}
    <p class="hint">${t("buttons.hint")}</p>
  </fieldset>`;
}

/** What to look at before it goes. @param {{ audience: number | undefined, buttons: number }} props */
function Before({ audience, buttons }) {
  const here = slug.value;
  const about = useLoaded(() => get(`/communities/${here}`), [here]);
  const latest = useLoaded(() => get(`/communities/${here}/posts`, { limit: 1 }), [here]);
  const imprint = /** @type {import("../wire.js").Community | undefined} */ (about.value)?.imprint;
  const [last] = /** @type {import("../wire.js").PostBrief[]} */ (latest.value?.items ?? []); // nobody knows before it is read
  const isToday = last && new Date(last.created_at).toDateString() === new Date().toDateString();
  return html`<h3>${t("before")}</h3><ul class="before">
    ${audience !== undefined && html`<li class=${audience > 0 ? "good" : "warn"}>
      <${Icon} name=${audience > 0 ? "check" : "warn"} />${t("before.audience", { n: audience })}</li>`}
    ${imprint !== undefined && html`<li class=${imprint ? "good" : "warn"}><${Icon} name=${imprint ? "check" : "warn"} />
      ${imprint ? t("before.imprint") : html`<a href=${to(here, "settings", "community")}>${t("before.no-imprint")}</a>`}</li>`}
    ${latest.value && html`<li class=${isToday ? "warn" : "good"}><${Icon} name=${isToday ? "warn" : "check"} />
      ${isToday ? t("before.today", { time: dateTime(last.created_at) }) : t("before.first")}</li>`}
    ${buttons > 0 && html`<li class="good"><${Icon} name="check" />${t("before.buttons", { n: buttons })}</li>`}
  </ul>`;
}
