// An objection: the measure that a person imposed, what its member says against it, and what another person makes of it.

import { Problem } from "../api.js";
import { slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useOnce } from "../once.js";
import { Confirm } from "../parts/dialog.js";
import { AreaField } from "../parts/field.js";
import { Trouble, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { to } from "../route.js";
import { may, me } from "../session.js";
import { useSettled } from "../settled.js";
import { html, useRef, useState } from "../view.js";
import { dateTime, t, word } from "../words.js";
import { First } from "./case.js";
import { Measures } from "./measures.js";

/** @typedef {import("../wire.js").Objection} ObjectionShape */

/** @param {{ one: ObjectionShape, onDecided: () => void, onConflict: () => void }} props */
export function Objection({ one, onDecided, onConflict }) {
  const { measure, member } = one;
  return html`<article class="page">
    <header class="page-head"><div><h2>${member.pseudonym}</h2><p class="quiet">
      ${t("objection.holds", { kind: word("measure", measure.kind), until: dateTime(measure.until) })}</p></div>
      ${one.thread && may("readThreads") && html`<a class="button" href=${to(slug.value, "inbox", "open", one.thread)}>
        <${Icon} name="inbox" />${t("case.thread")}</a>`}</header>
    <section class="appeal"><h3><${Icon} name="answer" />${t("case.appeal")}</h3><p class="entry-text" dir="auto">
      ${one.text ?? t("objection.unknown")}</p></section>
    <${First} by=${measure.by} at=${measure.at} reason=${measure.reason} />
    <${Outcome} one=${one} onDecided=${onDecided} onConflict=${onConflict} />
    <${Measures} id=${member.id} name=${member.pseudonym} />
  </article>`;
}

/** @param {{ one: ObjectionShape, onDecided: () => void, onConflict: () => void }} props */
function Outcome({ one, onDecided, onConflict }) {
  const { id, by } = one.measure;
  const [reason, setReason] = useState("");
  const [isAsked, setAsked] = useState(false);
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const send = useOnce();
  const isBusy = useRef(false);
  const isSettled = useSettled(id);
  const isOpen = may("decide") && by !== me.value?.id;
  const answer = async (/** @type {"uphold" | "overturn"} */ action, /** @type {string} */ why) => {
    if (isBusy.current) return;
    isBusy.current = true;
    try {
      await send(`/measures/${id}:answer`, { action, reason: why });
      toast(t(`objection.done.${action}`));
      onDecided();
    } catch (caught) {
      setProblem(caught);
      setAsked(false);
      if (caught instanceof Problem && caught.status === 409) onConflict();
    }
    isBusy.current = false;
  };
  const overturn = () => isSettled && answer("overturn", "");
  useCommands(
    isOpen
      ? [
          { name: "deliver", key: "d", said: t("objection.overturn"), run: overturn },
          { name: "reject", key: "x", said: t("objection.uphold"), run: () => setAsked(true) },
        ]
      : [],
    [id, isOpen, t("back")],
  );
  if (!isOpen) return null;
  return html`<section class="outcome">
    <${Trouble} problem=${problem} />
    <div class="two-acts">
      <button type="button" class="main large" aria-disabled=${isSettled ? undefined : "true"} onClick=${overturn}>
        <${Icon} name="check" />${t("objection.overturn")} <kbd>D</kbd></button>
      <button type="button" class="large" onClick=${() => setAsked(true)}><${Icon} name="close" />
        ${t("objection.uphold")} <kbd>X</kbd></button>
    </div>
    <p class="hint">${t("objection.hint")}</p>
    ${isAsked && html`<${Confirm} title=${t("objection.uphold.ask", { name: one.member.pseudonym })}
      act=${t("objection.uphold")} isGrave onClose=${() => setAsked(false)}
      onAct=${() => (reason.trim() ? answer("uphold", reason) : Promise.resolve())}>
      <${AreaField} label=${t("measures.reason")} hint=${t("objection.reason.hint", { name: one.member.pseudonym })}
        value=${reason} onValue=${setReason} maxlength="1000" required autofocus rows="3" /><//>`}
  </section>`;
}
