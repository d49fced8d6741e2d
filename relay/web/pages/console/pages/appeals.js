// Appeals: members who ask for another look, at a rejection or at a measure, in one list. Who decided first does not decide.

import { all } from "../api.js";
import { countSoon, now, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useList, useLoaded, useNews } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, Rows, toList } from "../parts/panes.js";
import { go, route, to } from "../route.js";
import { me } from "../session.js";
import { html } from "../view.js";
import { ago, dateTime, t, word } from "../words.js";
import { Case } from "./case.js";
import { CaseTabs, shown } from "./cases.js";
import { Objection } from "./objection.js";

/** @typedef {import("../wire.js").Case} CaseShape */
/** @typedef {import("../wire.js").Objection} ObjectionShape */
/** @typedef {{ id: string, name: string, at: string, text: string, of: string, isOwn: boolean }} Line */

/** @param {CaseShape} one @returns {Line} */
function ofCase({ id, member, appeal, at, decided_by: by }) {
  const said = appeal?.text ?? "";
  return { id, name: member.pseudonym, at: appeal?.at ?? at, text: said, of: t("appeal.of.case"), isOwn: isMe(by) };
}

/** @param {ObjectionShape} one @returns {Line} */
function ofMeasure({ measure, member, text }) {
  const { id, by, kind, at, objected_at: since } = measure;
  const said = text ?? t("objection.unknown");
  return { id, name: member.pseudonym, at: since ?? at, text: said, of: word("measure", kind), isOwn: isMe(by) };
}

/** @param {string | null} id */
const isMe = (id) => id !== null && id === me.value?.id;

export function Appeals() {
  const here = slug.value;
  const { open } = shown();
  const cases = useList(`/communities/${here}/cases`, { state: "appealed" });
  const found = useLoaded(() => /** @type {Promise<ObjectionShape[]>} */ (all(`/communities/${here}/objections`)), [here]);
  const refresh = () => {
    void cases.refresh();
    void found.reload();
  };
  useNews(refresh, ({ event }) => event.startsWith("case.") || event.startsWith("measure.") || event === "member.erased");
  const items = /** @type {CaseShape[] | undefined} */ (cases.items);
  const lines = items && found.value && [...items.map(ofCase), ...found.value.map(ofMeasure)].sort((one, other) =>
    one.at.localeCompare(other.at));
  const problem = cases.problem ?? found.problem;
  useCommands(
    [{ name: "to-list", key: "escape", said: t("back"), run: () => open && toList(to(here, "cases", "appealed")) }],
    [here, open, t("back")],
  );
  const onDecided = () => {
    const at = lines?.findIndex((one) => one.id === open) ?? -1;
    const next = lines?.[at + 1] ?? lines?.[at - 1];
    refresh();
    countSoon();
    if (route.value.page !== "cases" || shown().open !== open) return; // somebody has gone elsewhere
    go(here, "cases", "appealed", next && next.id !== open ? next.id : "");
  };
  const chosen = lines?.find((one) => one.id === open);
  return html`<${Panes} title=${chosen ? t("appeal.by", { name: chosen.name }) : t("case.state.appealed")}
    listLabel=${t("cases")} back=${to(here, "cases", "appealed")} isOpen=${open !== ""}
    list=${html`<${Head} title=${t("cases")} />
      <${CaseTabs} state="appealed" />
      <${Trouble} problem=${problem} onRetry=${refresh} />
      ${!lines && !problem && html`<${Skeleton} rows=${5} />`}
      ${lines?.length === 0 && html`<${Empty} icon="check" title=${t("cases.none.appealed")} why=${t("appeals.none.why")} />`}
      ${lines && lines.length > 0 && html`<${Rows} label=${t("case.state.appealed")}>
        ${lines.map((line) => html`<${AppealRow} key=${line.id} line=${line} isOpen=${line.id === open} />`)}<//>`}
      ${cases.hasMore && html`<button type="button" class="more" onClick=${cases.more}>${t("more")}</button>`}`}
    detail=${detail()} />`;

  function detail() {
    if (open === "") return html`<${Empty} icon="answer" title=${t("appeal.none")} why=${t("appeal.none.why")} />`;
    if (!lines) return problem ? null : html`<div class="page"><${Skeleton} kind="text" rows=${6} /></div>`;
    const objection = found.value?.find((one) => one.measure.id === open);
    if (objection) return html`<${Objection} key=${open} one=${objection} onDecided=${onDecided} onConflict=${refresh} />`;
    return html`<${Case} key=${open} id=${open} onDecided=${onDecided} />`;
  }
}

/** @param {{ line: Line, isOpen: boolean }} props */
function AppealRow({ line, isOpen }) {
  return html`<${Row} href=${to(slug.value, "cases", "appealed", line.id)} isOpen=${isOpen}>
    <span class="row-top"><span class="row-name">${line.name}</span>
      <time datetime=${line.at} title=${dateTime(line.at)}>${ago(line.at, now.value)}</time></span>
    <span class="row-text" dir="auto">${line.text}</span>
    <span class="row-marks"><span class="mark"><${Icon} name="answer" />${line.of}</span>
      ${line.isOwn && html`<span class="mark"><${Icon} name="person" />${t("appeal.own.short")}</span>`}</span>
  <//>`;
}
