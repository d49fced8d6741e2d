// The audit log: who of the company looked at what and changed what; ids, never texts.

import { colleagues, nameOf } from "../desk.js";
import { get } from "../api.js";
import { useLoaded } from "../loaded.js";
import { Skeleton, Trouble, complain } from "../parts/feedback.js";
import { Sheet } from "../parts/page.js";
import { html, useEffect, useState } from "../view.js";
import { dateTime, t, word } from "../words.js";

/** @typedef {import("../wire.js").AuditRow} AuditRow */

export function Audit() {
  const first = useLoaded(() => /** @type {Promise<import("../wire.js").Listed<AuditRow>>} */ (get("/audit")), []);
  const [rows, setRows] = useState(/** @type {AuditRow[]} */ ([]));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    setRows(first.value?.items ?? []);
    setNext(first.value?.next ?? null);
  }, [first.value]);
  const more = async () => {
    try {
      const page = await get("/audit", { after: next });
      setRows((before) => [...new Map([...before, ...page.items].map((row) => [row.n, row])).values()]); // asked twice, too
      setNext(page.next);
    } catch (problem) {
      complain(problem);
    }
  };
  return html`<${Sheet} title=${t("settings.audit")} why=${t("settings.audit.why")}>
    <${Trouble} problem=${first.problem} onRetry=${first.reload} />
    ${!first.value && !first.problem && html`<${Skeleton} rows=${8} />`}
    ${rows.length > 0 && html`<div class="scroll" tabindex="0" role="region" aria-label=${t("audit.rows")}><table class="audit">
      <thead><tr><th scope="col">${t("audit.when")}</th><th scope="col">${t("audit.who")}</th><th scope="col">
        ${t("audit.what")}</th><th scope="col">${t("audit.about")}</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr key=${row.n}><td>${dateTime(row.at)}</td><td>
        ${nameOf(row.actor) || word("actor", row.actor)}</td>
        <td>${word("action", row.action)}</td><td><code title=${row.digest}>
          ${colleagues.value.get(row.subject)?.name ?? row.subject}</code></td></tr>`)}</tbody></table></div>`}
    ${next !== null && html`<button type="button" class="more" onClick=${more}>${t("more")}</button>`}
  <//>`;
}
