// A thread: what was said, whose it is, what state it is in; it grows at its end while somebody reads.

import { Problem, all, get, patch } from "../api.js";
import { openThread } from "../calm.js";
import { colleagues, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { listen } from "../live.js";
import { useLoaded } from "../loaded.js";
import { Skeleton, Trouble, complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { go, route } from "../route.js";
import { may, me } from "../session.js";
import { useSettled } from "../settled.js";
import { html, typed, useEffect, useRef, useState } from "../view.js";
import { dateTime, t } from "../words.js";
import { Composer } from "./composer.js";
import { useErased } from "./erased.js";
import { Messages } from "./messages.js";
import { SNOOZES, until } from "./snooze.js";

/**
 * @typedef {import("../wire.js").Thread} ThreadShape
 * @typedef {import("../wire.js").Message} Message
 */

const STALE = 409;

/** All that was said; threads are short, and who answers needs the whole. @param {string} id @returns {Promise<Message[]>} */
const everything = (id) => all(`/threads/${id}/messages`);

/** @param {{ id: string, besideIsShown: boolean, onBeside: () => void }} props */
export function Thread({ id, besideIsShown, onBeside }) {
  const thread = useLoaded(() => /** @type {Promise<ThreadShape>} */ (get(`/threads/${id}`)), [id]);
  const said = useLoaded(() => everything(id), [id]);
  const [late, setLate] = useState(/** @type {Message[]} */ ([]));
  useEffect(() => {
    if (thread.value) openThread.value = thread.value;
  }, [thread.value]);
  useEffect(
    () =>
      listen((event) => {
        if (event !== null && event.thread !== id) return;
        const message = event?.message;
        if (message) setLate((before) => withOne(before, message));
        else void said.reload();
        void thread.reload();
      }),
    [id],
  );
  useErased(thread.value?.member.id, () => {
    toast(t("member.erased"));
    go(slug.value, "inbox", route.value.rest[0] ?? "open");
  });
  const messages = joined(said.value, late);
  const present = thread.value;
  if (!present || !messages)
    return html`<div class="thread-page"><${Trouble} problem=${thread.problem ?? said.problem}
      onRetry=${() => (thread.reload(), said.reload())} />
      ${!thread.problem && !said.problem && html`<${Skeleton} kind="text" rows=${5} />`}
      ${may("answer") && html`<${Unseen} />`}</div>`;
  const change = async (/** @type {object} */ edit) => {
    try {
      thread.set(await edited(present, messages, edit));
      return true;
    } catch (problem) {
      void thread.reload();
      void said.reload();
      if (isStale(problem)) toast(t("thread.moved"), true);
      else complain(problem);
      return false;
    }
  };
  return html`<article class="thread-page">
    <${ThreadHead} thread=${present} onChange=${change} besideIsShown=${besideIsShown} onBeside=${onBeside} />
    <${Messages} messages=${messages} thread=${present} />
    ${may("answer") && html`<${Composer} thread=${present} messages=${messages}
      onSent=${(/** @type {Message} */ message) => (setLate((before) => withOne(before, message)), thread.reload())} />`}
  </article>`;
}

/** Nobody is done with what they have not seen: until then the keys of a thread say so. */
function Unseen() {
  const run = () => toast(t("thread.unseen"), true);
  useCommands(
    [
      { name: "close", key: "e", said: t("key.close"), run },
      { name: "assign", key: "a", said: t("key.assign"), run },
      { name: "answer", key: "r", said: t("key.answer"), run },
      { name: "note", key: "n", said: t("key.note"), run },
    ],
    [t("key.close")],
  );
  return null;
}

/**
 * The answer that was sent comes twice: back from the call, and from the stream.
 * @param {Message[]} before
 * @param {Message} message
 */
function withOne(before, message) {
  return [...before.filter((one) => one.id !== message.id), message];
}

/** @param {Message[] | undefined} said @param {Message[]} late */
function joined(said, late) {
  const ids = new Set(said?.map((one) => one.id));
  return said && [...said, ...late.filter((one) => !ids.has(one.id))];
}

/** @param {unknown} problem */
function isStale(problem) {
  return problem instanceof Problem && problem.status === STALE;
}

/**
 * Changes a thread as it was shown. What came or was changed since then is to be seen first, but for what one has just written.
 * @param {ThreadShape} shown @param {Message[]} messages @param {object} edit @returns {Promise<ThreadShape>}
 */
async function edited({ id, version, state, assignee }, messages, edit) {
  try {
    return await patch(`/threads/${id}`, { version, ...edit });
  } catch (problem) {
    if (!isStale(problem)) throw problem;
    const [now, said] = await Promise.all([get(`/threads/${id}`), everything(id)]);
    const known = new Map(messages.map((one) => [one.id, one.status]));
    const news = said.filter((one) => known.get(one.id) !== one.status);
    const isOwn = news.every((one) => one.author === me.value?.id) && [state, "waiting"].includes(now.state); // an answer waits
    if (!isOwn || now.assignee !== assignee) throw problem;
    return patch(`/threads/${id}`, { version: now.version, ...edit });
  }
}

/**
 * @param {{ thread: ThreadShape, onChange: (edit: object) => Promise<boolean>, besideIsShown: boolean,
 *   onBeside: () => void }} props
 */
function ThreadHead({ thread, onChange, besideIsShown, onBeside }) {
  const mayAnswer = may("answer");
  const isSettled = useSettled(thread.id);
  const isBusy = useRef(false);
  const close = async () => {
    if (isBusy.current) return;
    isBusy.current = true;
    const wasClosed = thread.state === "closed";
    const isDone = await onChange({ state: wasClosed ? "open" : "closed" });
    isBusy.current = false;
    if (!isDone) return;
    toast(wasClosed ? t("thread.reopened") : t("thread.closed", { name: thread.member.pseudonym }));
    if (!wasClosed) toNext(thread.id);
  };
  const mine = thread.assignee === me.value?.id;
  const assign = () => onChange({ assignee: mine ? "" : (me.value?.id ?? "") });
  useCommands(
    mayAnswer
      ? [
          { name: "close", key: "e", said: thread.state === "closed" ? t("key.reopen") : t("key.close"), run: close },
          { name: "assign", key: "a", said: mine ? t("key.unassign") : t("key.assign"), run: assign },
          ...SNOOZES.map((name) => ({
            name: `snooze-${name}`,
            said: t("snooze.act", { time: t(`snooze.${name}`) }),
            run: () => onChange({ state: "snoozed", snoozed_until: until(name, new Date()) }),
          })),
        ]
      : [],
    [thread.id, thread.state, mine, t("close")],
  );
  return html`<header class="thread-head">
    <h2>${thread.member.pseudonym}</h2>
    <div class="thread-acts">
      ${mayAnswer && html`<${StateSelect} thread=${thread} onChange=${onChange} />
        <${AssigneeSelect} thread=${thread} onChange=${onChange} />`}
      ${!mayAnswer && html`<span class="mark"><${Icon} name="dot" />${t(`state.${thread.state}`)}</span>`}
      ${mayAnswer && html`<button type="button" aria-disabled=${isSettled ? undefined : "true"}
        onClick=${() => isSettled && close()}>
        <${Icon} name=${thread.state === "closed" ? "answer" : "check"} />
        ${thread.state === "closed" ? t("thread.reopen") : t("thread.close")}</button>`}
      <button type="button" class="plain square" onClick=${onBeside} aria-pressed=${besideIsShown ? "true" : "false"}
        aria-label=${t("panel")}><${Icon} name="panel" /></button>
    </div>
    ${thread.state === "snoozed" && thread.snoozed_until && html`<p class="thread-note"><${Icon} name="snooze" />
      ${t("snoozed-until", { time: dateTime(thread.snoozed_until) })}</p>`}
  </header>`;
}

/** Goes on to the row behind this one, unless somebody has gone elsewhere. @param {string} done */
function toNext(done) {
  const [state = "open", open = ""] = route.value.rest;
  if (open !== done) return;
  const rows = [...document.querySelectorAll(".rows a.row")].map((row) => row.getAttribute("href")?.split("/").at(-1) ?? "");
  const at = rows.indexOf(open);
  const next = at < 0 ? undefined : (rows[at + 1] ?? rows[at - 1]);
  if (next) go(slug.value, "inbox", state, next);
  else go(slug.value, "inbox", state);
}

/** @param {{ thread: ThreadShape, onChange: (edit: object) => Promise<boolean> }} props */
function StateSelect({ thread, onChange }) {
  const change = typed((value) => {
    const snooze = SNOOZES.find((name) => value === `snooze-${name}`);
    void onChange(snooze ? { state: "snoozed", snoozed_until: until(snooze, new Date()) } : { state: value });
  });
  const states = /** @type {const} */ (["open", "waiting", "closed"]);
  return html`<label class="inline"><span class="unseen">${t("state")}</span>
    <select value=${thread.state} onChange=${change}>
      ${states.map((one) => html`<option key=${one} value=${one} selected=${one === thread.state}>
        ${t(`state.${one}`)}</option>`)}
      ${thread.state === "snoozed" && html`<option value="snoozed" selected>${t("state.snoozed")}</option>`}
      <optgroup label=${t("snooze")}>
        ${SNOOZES.map((name) => html`<option key=${name} value=${`snooze-${name}`}>${t(`snooze.${name}`)}</option>`)}
      </optgroup>
    </select></label>`;
}

/** @param {{ thread: ThreadShape, onChange: (edit: object) => Promise<boolean> }} props */
function AssigneeSelect({ thread, onChange }) {
  const change = typed((assignee) => void onChange({ assignee }));
  const able = [...colleagues.value.values()].filter(
    (one) => one.id === thread.assignee || (one.is_here && ["owner", "manager", "agent"].includes(one.role)),
  );
  const mine = me.value?.id;
  return html`<label class="inline"><span class="unseen">${t("assignee")}</span>
    <select value=${thread.assignee ?? ""} onChange=${change}>
      <option value="" selected=${thread.assignee === null}>${t("assignee.nobody")}</option>
      ${able.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === thread.assignee}>
        ${one.id === mine ? t("assignee.me", { name: one.name }) : one.name}</option>`)}
    </select></label>`;
}
