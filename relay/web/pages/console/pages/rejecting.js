// Rejecting: the reason that members read, and the measure that comes with it where one is wanted.

import { Confirm } from "../parts/dialog.js";
import { AreaField } from "../parts/field.js";
import { html, useState } from "../view.js";
import { t } from "../words.js";
import { TermFields, ending } from "./measures.js";

const USUAL = /** @type {const} */ (["insult", "advert", "topic"]);

/** @typedef {{ action: "deliver" | "reject", reason: string, measure?: { kind: string, until: string } }} Finding */
/** @typedef {{ finding: Finding, form: object }} Said `form` is what was chosen, which stays the same as time goes by */

/**
 * The reason outlives the dialog, so that nobody writes it twice.
 * @param {{ title: string, act: string, hint: string, reason: string, onReason: (reason: string) => void,
 *   hasTerm?: boolean, onAct: (said: Said) => Promise<unknown>, onClose: () => void, children?: unknown }} props
 */
export function Rejecting({ title, act, hint, reason, onReason, hasTerm = false, onAct, onClose, children }) {
  const [kind, setKind] = useState("mute");
  const [days, setDays] = useState("1");
  const reject = () => {
    if (!reason.trim()) return Promise.resolve();
    const said = /** @type {const} */ ({ action: "reject", reason });
    if (!hasTerm) return onAct({ finding: said, form: said });
    return onAct({ finding: { ...said, measure: { kind, until: ending(days) } }, form: { ...said, kind, days } });
  };
  return html`<${Confirm} title=${title} act=${act} isGrave onAct=${reject} onClose=${onClose}>
    ${children}
    ${hasTerm && html`<${TermFields} kind=${kind} onKind=${setKind} days=${days} onDays=${setDays} />`}
    <${AreaField} label=${t("case.reject.reason")} hint=${hint} value=${reason} onValue=${onReason} maxlength="1000" required
      autofocus rows="3" />
    <div class="chips" role="group" aria-label=${t("case.reasons")}>
      ${USUAL.map((name) => html`<button type="button" key=${name} class="chip"
        onClick=${() => onReason(t(`case.reason.${name}`))}>${t(`case.reason.${name}`)}</button>`)}</div>
  <//>`;
}
