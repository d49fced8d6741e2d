// Cases: what moderation left to people, oldest first, so that what waits longest is looked at first.

import { counts, countSoon, now, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useList, useNews } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, Rows, toList } from "../parts/panes.js";
import { go, route, to } from "../route.js";
import { may } from "../session.js";
import { html, useEffect, useState } from "../view.js";
import { ago, dateTime, number, t } from "../words.js";
import { Case } from "./case.js";
import { RaidBanner } from "./raid.js";

/** @typedef {import("../wire.js").Case} CaseShape */

const STATES = /** @type {const} */ (["open", "appealed", "delivered", "rejected"]);

/** Which cases, and which of them is open: an address that names a case alone is good, too. */
function shown() {
  const [first = "open", second = ""] = route.value.rest;
  const state = STATES.find((one) => one === first);
  return { state: state ?? "open", open: state === undefined ? first : second };
}

export function Cases() {
  const { state, open } = shown();
  const here = slug.value;
  const list = useList(`/communities/${here}/cases`, { state });
  useNews(list.refresh, (event) => event.event.startsWith("case.") || event.event === "member.erased");
  const [kept, setKept] = useState(/** @type {CaseShape | null} */ (null));
  const items = /** @type {CaseShape[] | undefined} */ (list.items);
  const chosen = items?.find((one) => one.id === open) ?? (kept?.id === open ? kept : null);
  useEffect(() => {
    if (chosen) setKept(chosen);
  }, [chosen]);
  useCommands(
    [{ name: "to-list", key: "escape", said: t("back"), run: () => open && toList(to(here, "cases", state)) }],
    [here, state, open, t("back")],
  );
  const onDecided = () => {
    const at = items?.findIndex((one) => one.id === open) ?? -1;
    const next = items?.[at + 1] ?? items?.[at - 1];
    void list.refresh();
    countSoon();
    if (route.value.page !== "cases" || shown().open !== open) return; // somebody has gone elsewhere
    go(here, "cases", state, next && next.id !== open ? next.id : "");
  };
  return html`<${Panes} title=${chosen ? t("case.of", { name: chosen.member.pseudonym }) : t("cases")} listLabel=${t("cases")}
    back=${to(here, "cases", state)}
    isOpen=${open !== ""}
    list=${html`<${Head} title=${t("cases")} />
      <${RaidBanner} mayEnd=${may("decide")} />
      <${CaseTabs} state=${state} />
      <${Trouble} problem=${list.problem} onRetry=${list.refresh} />
      ${items === undefined && !list.problem && html`<${Skeleton} rows=${5} />`}
      ${items?.length === 0 && html`<${Empty} icon="check" title=${t(`cases.none.${state}`)} why=${t("cases.none.why")} />`}
      ${items && items.length > 0 && html`<${Rows} label=${t("cases")}>
        ${items.map((one) => html`<${CaseRow} key=${one.id} one=${one} state=${state} isOpen=${one.id === open} />`)}<//>`}
      ${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`}
    detail=${open ? html`<${Case} key=${open} id=${open} onDecided=${onDecided} />` : html`<${Empty} icon="cases"
      title=${t("case.none")} why=${t("case.none.why")} />`} />`;
}

/** @param {{ state: string }} props */
function CaseTabs({ state }) {
  const amounts = counts.value?.cases;
  return html`<nav class="tabs" aria-label=${t("states")}>${STATES.map((one) => {
    const amount = one === "open" || one === "appealed" ? (amounts?.[one] ?? 0) : 0;
    return html`<a key=${one} href=${to(slug.value, "cases", one)} aria-current=${one === state ? "page" : undefined}>
      ${t(`case.state.${one}`)}${amount > 0 && html` <span class="amount">${number(amount)}</span>`}</a>`;
  })}</nav>`;
}

/** @param {{ one: CaseShape, state: string, isOpen: boolean }} props */
function CaseRow({ one, state, isOpen }) {
  return html`<${Row} href=${to(slug.value, "cases", state, one.id)} isOpen=${isOpen}>
    <span class="row-top"><span class="row-name">${one.member.pseudonym}</span>
      <time datetime=${one.opened_at} title=${dateTime(one.opened_at)}>${ago(one.opened_at, now.value)}</time></span>
    <span class="row-text" dir="auto">${one.text}</span>
    <span class="row-marks"><span class="mark"><${Icon} name=${one.kind === "flagged" ? "flag" : "cases"} />
      ${t(`case.kind.${one.kind}`)}</span>
      ${one.appeal && html`<span class="mark"><${Icon} name="answer" />${t("case.appeal")}</span>`}
      ${one.is_checking && html`<span class="mark"><${Icon} name="clock" />${t("case.checking")}</span>`}</span>
  <//>`;
}
