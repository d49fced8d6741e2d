// The composer: an answer or a note, its draft kept here until it is sent, and the lease that tells others who is answering.

import { slug } from "../desk.js";
import { draft, keepDraft, sendDraft } from "../drafts.js";
import { useCommands } from "../keys.js";
import { Doubt, doubts } from "../parts/doubt.js";
import { Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { LONGEST, room, saidRoom } from "../parts/room.js";
import { me } from "../session.js";
import { Fragment, html, typed, useRef, useState } from "../view.js";
import { t } from "../words.js";
import { otherAt, useLease } from "./lease.js";

/**
 * @typedef {import("../wire.js").Thread} Thread
 * @typedef {import("../wire.js").Message} Message
 * @typedef {"answer" | "note"} Mode
 */

const NEARLY = 500; // so few left are said

/** @param {{ thread: Thread, messages: Message[], onSent: (message: Message) => void }} props */
export function Composer({ thread, messages, onSent }) {
  const [mode, setMode] = useState(/** @type {Mode} */ ("answer"));
  const [text, setText, send] = useDraft(`${thread.member.id}.${thread.id}.${mode}.${slug.value}`);
  const left = room(text, LONGEST);
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const [isBusy, setBusy] = useState(false);
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const news = useNewSince(messages, text);
  const [hasFocus, setFocus] = useState(false);
  const [hasBegun, setBegun] = useState(false);
  useLease(thread, mode === "answer" && (hasFocus || (hasBegun && text !== "")));
  const write = (/** @type {Mode} */ wanted) => {
    setMode(wanted);
    queueMicrotask(() => field.current?.focus());
  };
  useCommands(
    [
      { name: "answer", key: "r", said: t("key.answer"), run: () => write("answer") },
      { name: "note", key: "n", said: t("key.note"), run: () => write("note") },
    ],
    [thread.id, t("close")],
  );
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    return out();
  };
  const out = async (/** @type {string | null} */ despite = null) => {
    if (isBusy || left < 0 || text.trim() === "") return;
    setBusy(true);
    try {
      const message = await send(`/threads/${thread.id}/messages`, { text, internal: mode === "note", despite });
      setProblem(null);
      onSent(message);
    } catch (caught) {
      setProblem(caught);
    }
    setBusy(false);
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit(event);
  };
  const isDoubtful = doubts(problem).length > 0;
  const act = mode === "note" ? t("note.act") : t("answer.act", { name: thread.member.pseudonym });
  return html`<${Fragment}><form class=${`composer ${mode}`} onSubmit=${submit} aria-label=${t("composer")}>
    <div class="composer-says" role="status">
      ${otherAt(thread) && html`<p class="lease"><${Icon} name="answer" />${t("lease", { name: otherAt(thread) ?? "" })}</p>`}
      ${news > 0 && html`<p class="lease"><${Icon} name="flag" />${t("composer.news", { n: news })}</p>`}
    </div>
    <${Trouble} problem=${isDoubtful ? null : problem} />
    <div class="composer-modes" role="group" aria-label=${t("composer.kind")}>
      ${/** @type {const} */ (["answer", "note"]).map(
        (one) => html`<button key=${one} type="button" class="mode" aria-pressed=${mode === one ? "true" : "false"}
          onClick=${() => write(one)}>
          <${Icon} name=${one} />${t(one)}</button>`,
      )}
      <span class="composer-hint">
        ${mode === "note" ? t("note.hint") : t("answer.hint", { name: thread.member.pseudonym })}</span>
    </div>
    <textarea ref=${field} rows="3" dir="auto" aria-label=${act} aria-invalid=${left < 0 ? "true" : undefined}
      placeholder=${mode === "note" ? t("note.placeholder") : t("answer.placeholder")}
      value=${text} onInput=${typed(setText)}
      onKeyDown=${pressed} onFocus=${() => (setFocus(true), setBegun(true))} onBlur=${() => setFocus(false)}></textarea>
    <div class="composer-foot">
      <span class=${left < 0 ? "fault" : "quiet"} role="status">${left < NEARLY ? saidRoom(left) : ""}</span>
      <kbd class="wide-only">${t("key.send.short")}</kbd>
      <button type="submit" class="main" disabled=${isBusy || left < 0 || text.trim() === ""}>${act}</button>
    </div>
  </form>
  ${isDoubtful && html`<${Doubt} problem=${problem} text=${text} onSend=${out}
    onClose=${() => setProblem(null)} />`}<//>`;
}

/** @typedef {{ text: string, internal: boolean, despite: string | null }} Body */

/**
 * A text that is still there when the page was closed, the session ended, or another thread was looked at. The field is free
 * for the next one while it is sent; what could not be sent stands before that again.
 * @param {string} name
 * @returns {[string, (text: string) => void, (path: string, body: Body) => Promise<Message>]}
 */
function useDraft(name) {
  const [texts, setTexts] = useState(/** @type {Record<string, string>} */ ({}));
  const show = (/** @type {string} */ text) => setTexts((before) => ({ ...before, [name]: text }));
  const set = (/** @type {string} */ text) => {
    keepDraft(name, text);
    show(text);
  };
  const send = async (/** @type {string} */ path, /** @type {Body} */ body) => {
    show("");
    try {
      return await sendDraft(name, path, body);
    } catch (problem) {
      const next = draft(name);
      if (next === body.text) show(next);
      else set([body.text, next].filter((one) => one !== "").join("\n\n"));
      throw problem;
    }
  };
  return [texts[name] ?? draft(name), set, send];
}

/** How many messages have come from others since the text was begun. @param {Message[]} messages @param {string} text */
function useNewSince(messages, text) {
  const begun = useRef(messages.length);
  if (text === "") begun.current = messages.length;
  return messages.slice(begun.current).filter((one) => !one.internal && one.author !== me.value?.id).length;
}
