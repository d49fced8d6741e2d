// A cluster: held messages that say nearly the same, decided together with one reason, and each for itself all the same.

import { Problem, newKey, post } from "../api.js";
import { slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { listen } from "../live.js";
import { isRefused } from "../once.js";
import { Confirm } from "../parts/dialog.js";
import { Empty, explained, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { to } from "../route.js";
import { may } from "../session.js";
import { html, useEffect, useRef, useState } from "../view.js";
import { dateTime, t } from "../words.js";
import { Marked, finding } from "./case.js";
import { Rejecting } from "./rejecting.js";

/**
 * @typedef {import("../wire.js").Case} CaseShape
 * @typedef {import("../wire.js").Cluster} ClusterShape
 * @typedef {import("./rejecting.js").Said} Said
 * @typedef {"deliver" | "reject" | "mute"} Asked
 */

/**
 * What was there when it was opened stays in sight until it is decided: a case that could not be is told apart by name.
 * @param {{ cluster: ClusterShape | null, onDecided: (ids: string[]) => void }} props
 */
export function Cluster({ cluster, onDecided }) {
  const [left, setLeft] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [out, setOut] = useState(/** @type {ReadonlySet<string>} */ (new Set()));
  const [faults, setFaults] = useState(/** @type {ReadonlyMap<string, unknown>} */ (new Map()));
  const [isBusy, setBusy] = useState(false);
  const seen = useRef(/** @type {CaseShape[]} */ ([]));
  const known = new Map([...seen.current, ...(cluster?.cases ?? [])].map((one) => [one.id, one]));
  const here = new Set(cluster?.cases.map((one) => one.id));
  seen.current = [...known.values()].filter((one) => !out.has(one.id) && (isBusy || here.has(one.id) || faults.has(one.id)));
  const cases = seen.current;
  useEffect(() => {
    // Whoever is erased leaves no text on the screen, not even of a case that could not be decided.
    return listen((event) => {
      if (event?.event !== "member.erased") return;
      const gone = seen.current.filter((one) => one.member.id === event.member).map((one) => one.id);
      setOut((before) => new Set([...before, ...gone]));
    });
  }, []);
  const wanted = cases.filter((one) => !left.has(one.id));
  const first = cases[0];
  if (first === undefined) return html`<${Empty} icon="check" title=${t("cluster.none")} why=${t("cluster.none.why")} />`;
  const choose = (/** @type {string} */ id) => {
    const other = new Set(left);
    if (!other.delete(id)) other.add(id);
    setLeft(other);
  };
  const members = new Set(cases.map((one) => one.member.id)).size;
  return html`<article class="page">
    <header class="page-head"><div><h2>${t("cluster.alike", { n: cases.length })}</h2><p class="quiet">
      ${t("cluster.from", { n: members, time: dateTime(first.at) })}</p></div></header>
    <p class="remark"><${Icon} name="cases" />${t("cluster.why")}</p>
    <ul class="alike-cases" aria-label=${t("cluster.cases")}>${cases.map((one) => html`<${One} key=${one.id} one=${one}
      isIn=${!left.has(one.id)} onIn=${() => choose(one.id)} fault=${faults.get(one.id)} />`)}</ul>
    ${may("decide") && html`<${Together} cases=${wanted} onEach=${(/** @type {string} */ id) =>
      setOut((before) => new Set(before).add(id))} onFaults=${setFaults} onBusy=${setBusy} onDecided=${onDecided} />`}
  </article>`;
}

/** @param {{ one: CaseShape, isIn: boolean, onIn: () => void, fault: unknown }} props */
function One({ one, isIn, onIn, fault }) {
  const why = one.signals.filter((signal) => signal.weight > 0).map(finding);
  const problem = fault === undefined ? null : explained(fault);
  return html`<li class="card">
    <div class="line">
      ${may("decide") && html`<label class="check"><input type="checkbox" checked=${isIn} onChange=${onIn} />
        <span class="strong">${one.member.pseudonym}</span></label>`}
      ${!may("decide") && html`<span class="strong">${one.member.pseudonym}</span>`}
      <a class="button" href=${to(slug.value, "cases", "open", one.id)} aria-label=${`${t("cluster.open")}: ${
        one.member.pseudonym}`}>${t("cluster.open")}</a></div>
    <p class="case-text" dir="auto"><${Marked} text=${one.text} signals=${one.signals} /></p>
    ${why.length > 0 && html`<p class="quiet">${why.join(" · ")}</p>`}
    ${problem && html`<p class="fault" role="alert"><${Icon} name="warn" />${problem.what} ${problem.means}</p>`}
  </li>`;
}

/**
 * Each case is asked for on its own, one after the other, so that what could be decided is, and the rest is told by case.
 * @param {{ cases: CaseShape[], onEach: (id: string) => void,
 *   onFaults: (faults: ReadonlyMap<string, unknown>) => void, onBusy: (isBusy: boolean) => void,
 *   onDecided: (ids: string[]) => void }} props
 */
function Together({ cases, onEach, onFaults, onBusy, onDecided }) {
  const [asked, setAsked] = useState(/** @type {Asked | null} */ (null));
  const [reason, setReason] = useState("");
  const [done, setDone] = useState(-1);
  const keys = useRef(/** @type {Map<string, { form: string, key: string, body: object }>} */ (new Map()));
  const n = cases.length;
  const isBusy = done >= 0;
  const ask = (/** @type {Asked} */ act) => n > 0 && !isBusy && setAsked(act);
  useCommands(
    [
      { name: "deliver", key: "d", said: t("cluster.deliver", { n }), run: () => ask("deliver") },
      { name: "reject", key: "x", said: t("cluster.reject", { n }), run: () => ask("reject") },
      { name: "mute", key: "m", said: t("cluster.mute", { n }), run: () => ask("mute") },
    ],
    [n, t("back")],
  );
  /** The same key for every try of one case, until the relay has done it or has surely not. */
  const decide = async (/** @type {CaseShape} */ one, /** @type {Said} */ { finding: body, form }) => {
    const said = JSON.stringify(form);
    const before = keys.current.get(one.id);
    const tried = before?.form === said ? before : { form: said, key: newKey(), body };
    keys.current.set(one.id, tried);
    try {
      await post(`/cases/${one.id}:decide`, tried.body, tried.key);
    } catch (problem) {
      if (isRefused(problem)) keys.current.delete(one.id);
      throw problem;
    }
  };
  const all = async (/** @type {Said} */ said) => {
    setAsked(null);
    onBusy(true);
    const faults = new Map();
    for (const [place, one] of cases.entries()) {
      setDone(place);
      try {
        await decide(one, said);
        onEach(one.id);
      } catch (problem) {
        faults.set(one.id, problem);
        if (problem instanceof Problem && problem.status === 401) break; // nobody is signed in any more
      }
    }
    setDone(-1);
    onFaults(faults);
    onBusy(false);
    const isBad = faults.size > 0;
    toast(isBad ? t("cluster.partly", { n: faults.size, all: n }) : t(`cluster.done.${said.finding.action}`, { n }), isBad);
    if (!isBad) onDecided(cases.map((one) => one.id));
  };
  const delivered = /** @type {const} */ ({ action: "deliver", reason: "" });
  return html`<section class="outcome">
    ${isBusy && html`<p role="status">${t("cluster.busy", { place: done + 1, all: n })}</p>`}
    <div class="two-acts">
      <button type="button" class="main large" disabled=${n === 0 || isBusy} onClick=${() => ask("deliver")}>
        <${Icon} name="check" />${t("cluster.deliver", { n })} <kbd>D</kbd></button>
      <button type="button" class="large" disabled=${n === 0 || isBusy} onClick=${() => ask("reject")}>
        <${Icon} name="close" />${t("cluster.reject", { n })} <kbd>X</kbd></button>
      <button type="button" class="large" disabled=${n === 0 || isBusy} onClick=${() => ask("mute")}>
        <${Icon} name="warn" />${t("cluster.mute", { n })} <kbd>M</kbd></button>
    </div>
    <p class="hint">${t("cluster.hint")}</p>
    ${asked === "deliver" && html`<${Confirm} title=${t("cluster.deliver.ask", { n })} act=${t("cluster.deliver", { n })}
      onAct=${() => all({ finding: delivered, form: delivered })} onClose=${() => setAsked(null)}><p>${t("case.hint")}</p><//>`}
    ${asked !== null && asked !== "deliver" && html`<${Rejecting} title=${t(`cluster.${asked}.ask`, { n })}
      act=${t(`cluster.${asked}`, { n })} hint=${t("cluster.reject.hint")} reason=${reason} onReason=${setReason}
      hasTerm=${asked === "mute"} onAct=${all} onClose=${() => setAsked(null)} />`}
  </section>`;
}
