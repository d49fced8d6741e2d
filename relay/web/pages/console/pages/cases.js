// Cases: what moderation left to people, oldest first, so that what waits longest is looked at first.

import { all } from "../api.js";
import { counts, countSoon, now, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useList, useLoaded, useNews } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, Rows, toList } from "../parts/panes.js";
import { go, route, to } from "../route.js";
import { may } from "../session.js";
import { html, useEffect, useState } from "../view.js";
import { ago, dateTime, number, t } from "../words.js";
import { Case } from "./case.js";
import { Cluster } from "./cluster.js";
import { RaidBanner } from "./raid.js";

/** @typedef {import("../wire.js").Case} CaseShape */
/** @typedef {import("../wire.js").Cluster} ClusterShape */
/** @typedef {{ id: string, one: CaseShape, cluster: ClusterShape | null, ids: string[] }} Line a row: a case, or a cluster */

const STATES = /** @type {const} */ (["open", "appealed", "delivered", "rejected"]);
const ALIKE = "alike"; // in an address in the place of a state: what is open is a cluster

/** Which cases, and which of them is open: an address that names a case alone is good, too. */
export function shown() {
  const [first = "open", second = ""] = route.value.rest;
  if (first === ALIKE) return { state: STATES[0], open: second, isCluster: true };
  const state = STATES.find((one) => one === first);
  return { state: state ?? STATES[0], open: state === undefined ? first : second, isCluster: false };
}

/**
 * The rows of a list: a cluster stands where the first of its cases does.
 * @param {CaseShape[]} items @param {ClusterShape[]} clusters @returns {Line[]}
 */
function folded(items, clusters) {
  const of = new Map(clusters.flatMap((cluster) => cluster.cases.map((one) => [one.id, cluster])));
  const lines = new Map();
  for (const one of items) {
    const cluster = of.get(one.id) ?? null;
    const ids = cluster?.cases.map(({ id }) => id) ?? [one.id];
    const key = cluster ? `${ALIKE}/${cluster.id}` : one.id;
    if (!lines.has(key)) lines.set(key, { id: cluster?.id ?? one.id, one, cluster, ids });
  }
  return [...lines.values()];
}

/** Of what is undecided alone. @param {string} here @param {string} state @returns {Promise<ClusterShape[]>} */
async function clustersOf(here, state) {
  return state === "open" ? all(`/communities/${here}/clusters`) : [];
}

export function Cases() {
  const { state, open, isCluster } = shown();
  const here = slug.value;
  const list = useList(`/communities/${here}/cases`, { state });
  const groups = useLoaded(() => clustersOf(here, state), [here, state]);
  const refresh = () => {
    void list.refresh();
    void groups.reload();
  };
  useNews(refresh, (event) => event.event.startsWith("case.") || event.event === "member.erased");
  const [kept, setKept] = useState(/** @type {CaseShape | null} */ (null));
  const items = /** @type {CaseShape[] | undefined} */ (list.items);
  const isFolded = groups.value !== undefined || groups.problem; // a row that folds away under a hand would be another one's
  const lines = items && isFolded ? folded(items, groups.value ?? []) : undefined;
  const cluster = (isCluster && groups.value?.find((one) => one.id === open)) || null;
  const chosen = items?.find((one) => one.id === open) ?? (kept?.id === open ? kept : null);
  useEffect(() => {
    if (chosen) setKept(chosen);
  }, [chosen]);
  useCommands(
    [{ name: "to-list", key: "escape", said: t("back"), run: () => open && toList(to(here, "cases", state)) }],
    [here, state, open, t("back")],
  );
  /** On to what is left, which the list may know already or not. */
  const onDecided = (/** @type {string[]} */ decided = [open]) => {
    const at = lines?.findIndex((line) => line.ids.includes(open)) ?? -1;
    const isLeft = (/** @type {Line} */ line) => line.ids.some((id) => !decided.includes(id));
    const next = lines?.slice(at + 1).find(isLeft) ?? lines?.slice(0, Math.max(at, 0)).findLast(isLeft);
    refresh();
    countSoon();
    if (route.value.page !== "cases" || shown().open !== open) return; // somebody has gone elsewhere
    if (next === undefined || next.ids.includes(open)) go(here, "cases", state);
    else go(here, "cases", next.cluster ? ALIKE : state, next.id);
  };
  return html`<${Panes} title=${named(cluster, isCluster ? null : chosen)} listLabel=${t("cases")}
    back=${to(here, "cases", state)}
    isOpen=${open !== ""}
    list=${html`<${Head} title=${t("cases")} />
      <${RaidBanner} mayEnd=${may("decide")} />
      <${CaseTabs} state=${state} />
      <${Trouble} problem=${list.problem} onRetry=${list.refresh} />
      ${lines === undefined && !list.problem && html`<${Skeleton} rows=${5} />`}
      ${items?.length === 0 && html`<${Empty} icon="check" title=${t(`cases.none.${state}`)} why=${t("cases.none.why")} />`}
      ${lines && lines.length > 0 && html`<${Rows} label=${t("cases")}>
        ${lines.map((line) => html`<${line.cluster ? ClusterRow : CaseRow} key=${line.id} one=${line.one} state=${state}
          cluster=${line.cluster} isOpen=${line.ids.includes(open)} />`)}<//>`}
      ${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`}
    detail=${detail()} />`;

  function detail() {
    if (open === "") return html`<${Empty} icon="cases" title=${t("case.none")} why=${t("case.none.why")} />`;
    if (!isCluster) return html`<${Case} key=${open} id=${open} onDecided=${onDecided} />`;
    if (groups.value === undefined) return html`<div class="page">
      <${Trouble} problem=${groups.problem} onRetry=${groups.reload} />
      ${!groups.problem && html`<${Skeleton} kind="text" rows=${6} />`}</div>`;
    return html`<${Cluster} key=${`${ALIKE}/${open}`} cluster=${cluster} onDecided=${onDecided} />`;
  }
}

/** What is open, in a title. @param {ClusterShape | null} cluster @param {CaseShape | null} chosen */
function named(cluster, chosen) {
  if (cluster) return t("cluster.alike", { n: cluster.cases.length });
  return chosen ? t("case.of", { name: chosen.member.pseudonym }) : t("cases");
}

/** @param {{ one: CaseShape, cluster: ClusterShape, isOpen: boolean }} props */
function ClusterRow({ one, cluster, isOpen }) {
  return html`<${Row} href=${to(slug.value, "cases", ALIKE, cluster.id)} isOpen=${isOpen}>
    <span class="row-top"><span class="row-name">${t("cluster.alike", { n: cluster.cases.length })}</span>
      <time datetime=${one.opened_at} title=${dateTime(one.opened_at)}>${ago(one.opened_at, now.value)}</time></span>
    <span class="row-text" dir="auto">${one.text}</span>
    <span class="row-marks"><span class="mark"><${Icon} name="members" />${t("cluster.members", { n: cluster.members })}</span>
    </span>
  <//>`;
}

/** @param {{ state: string }} props */
export function CaseTabs({ state }) {
  const amounts = counts.value?.cases;
  return html`<nav class="tabs" aria-label=${t("states")}>${STATES.map((one) => {
    const appeals = (amounts?.appealed ?? 0) + (amounts?.objected ?? 0);
    const amount = one === "open" ? (amounts?.open ?? 0) : one === "appealed" ? appeals : 0;
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
