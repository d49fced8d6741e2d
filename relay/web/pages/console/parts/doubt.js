// What the relay asks to look at again before a text leaves, and the reason for which it goes as it is.

import { Problem } from "../api.js";
import { html, useState } from "../view.js";
import { t } from "../words.js";
import { Confirm } from "./dialog.js";
import { SelectField } from "./field.js";

const KINDS = /** @type {const} */ (["words", "contact", "insult"]);
const REASONS = /** @type {const} */ (["agreed", "theirs", "public", "mistaken"]);

/**
 * Places in the text, each with why; none where the relay said anything else.
 * @param {unknown} problem @returns {{ kind: typeof KINDS[number], start: number, end: number }[]}
 */
export function doubts(problem) {
  if (!(problem instanceof Problem) || problem.status !== 409) return [];
  return problem.faults.map(({ loc: [, , kind, start, end] }) => ({
    kind: KINDS.find((one) => one === kind) ?? "words",
    start: Number(start ?? 0),
    end: Number(end ?? 0),
  }));
}

/**
 * @param {{ problem: unknown, text: string, onSend: (despite: string) => Promise<unknown>, onClose: () => void }} props
 */
export function Doubt({ problem, text, onSend, onClose }) {
  const [despite, setDespite] = useState("");
  const signs = [...text]; // the relay counts characters
  const send = async () => {
    if (despite) await onSend(despite);
  };
  return html`<${Confirm} title=${t("doubt")} act=${t("doubt.act")} onAct=${send} onClose=${onClose}>
    <ul class="doubts">
      ${doubts(problem).map(
        ({ kind, start, end }) => html`<li key=${`${kind}.${start}`}><p>${t(`doubt.${kind}`)}</p>
          ${end > start && html`<mark>${signs.slice(start, end).join("")}</mark>`}</li>`,
      )}
    </ul>
    <${SelectField} label=${t("doubt.why")} hint=${t("doubt.hint")} value=${despite} onValue=${setDespite} required
      options=${[["", t("doubt.choose")], ...REASONS.map((one) => [one, t(`despite.${one}`)])]} /><//>`;
}
