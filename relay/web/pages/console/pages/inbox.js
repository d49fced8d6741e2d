// The inbox: threads by state, with the last words of each; what comes in does not move what somebody points at.

import { useCalm } from "../calm.js";
import { counts, nameOf, now, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useList } from "../loaded.js";
import { Dialog } from "../parts/dialog.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, Rows, toList } from "../parts/panes.js";
import { route, to } from "../route.js";
import { me } from "../session.js";
import { html, useEffect, useState } from "../view.js";
import { ago, dateTime, number, t } from "../words.js";
import { Beside } from "./beside.js";
import { otherAt } from "./lease.js";
import { Thread } from "./thread.js";

/** @typedef {import("../wire.js").Thread} ThreadShape */

const THREE_PANES = "(min-width: 68.75rem)"; // as in frame.css; where there are fewer, the third comes as a sheet
const STATES = /** @type {const} */ (["open", "mine", "waiting", "snoozed", "closed"]);

export function Inbox() {
  const [state = "open", open = ""] = route.value.rest;
  const [text, setText] = useState("");
  const [besideIsShown, setBeside] = useState(true);
  const [sheetIsShown, setSheet] = useState(false);
  const beside = () => (matchMedia(THREE_PANES).matches ? setBeside((shown) => !shown) : setSheet(true));
  useEffect(() => setSheet(false), [route.value.rest[1]]);
  const here = slug.value;
  const query = text ? { q: text } : state === "mine" ? { assignee: "me", closed: false } : { state };
  const list = useList(`/communities/${here}/threads`, { ...query, words: true });
  const { rows, fresh, show } = useCalm(/** @type {ThreadShape[] | undefined} */ (list.items), list.refresh, open);
  useCommands(
    [
      { name: "search", key: "/", said: t("key.search"), run: () => document.getElementById("search")?.focus() },
      { name: "to-list", key: "escape", said: t("back"), run: () => open && toList(to(here, "inbox", state)) },
      { name: "panel", said: t("panel"), run: beside },
    ],
    [here, state, open, t("back")],
  );
  const shown = rows?.find((one) => one.id === open);
  const title = shown ? shown.member.pseudonym : t("inbox");
  return html`<${Panes} title=${title} listLabel=${t("inbox")} back=${to(here, "inbox", state)} isOpen=${open !== ""}
    list=${html`
      <${Head} title=${t("inbox")} />
      <${Tabs} state=${text ? "" : state} onTab=${() => setText("")} />
      <${Search} text=${text} onText=${setText} />
      <div class="fresh" role="status">${fresh > 0 && html`<button type="button" onClick=${show}>
        ${t("fresh", { n: fresh })}</button>`}</div>
      <${Trouble} problem=${list.problem} onRetry=${list.refresh} />
      ${rows === undefined && !list.problem && html`<${Skeleton} rows=${7} />`}
      ${rows?.length === 0 && html`<${Nothing} state=${state} isSearch=${text !== ""} />`}
      ${rows && rows.length > 0 && html`<${Rows} label=${t("threads")}>
        ${rows.map((one) => html`<${ThreadRow} key=${one.id} thread=${one} state=${state} isOpen=${one.id === open} />`)}
      <//>`}
      ${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`}
    detail=${open
      ? html`<${Thread} key=${open} id=${open} onBeside=${beside} besideIsShown=${besideIsShown} />`
      : html`<${Empty} icon="inbox" title=${t("thread.none")} why=${t("thread.none.why")} />`}
    context=${open && besideIsShown ? html`<${Beside} key=${open} id=${open} />` : null} />
    ${open && sheetIsShown && html`<${Dialog} title=${t("context")} onClose=${() => setSheet(false)}>
      <${Beside} key=${open} id=${open} /><//>`}`;
}

/** A search goes through all states, and ends where one is chosen. @param {{ state: string, onTab: () => void }} props */
function Tabs({ state, onTab }) {
  const amounts = counts.value?.threads;
  return html`<nav class="tabs" aria-label=${t("states")}>
    ${STATES.map(
      (one) => html`<a key=${one} href=${to(slug.value, "inbox", one)} aria-current=${one === state ? "page" : undefined}
        onClick=${onTab}>
        ${t(`state.${one}`)}${amounts !== undefined && one !== "closed" && amounts[one] > 0 && html` <span class="amount">
          ${number(amounts[one])}</span>`}
      </a>`,
    )}
  </nav>`;
}

/** @param {{ text: string, onText: (text: string) => void }} props */
function Search({ text, onText }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onText(typed.trim());
  };
  const input = (/** @type {InputEvent} */ event) => {
    const value = /** @type {HTMLInputElement} */ (event.currentTarget).value;
    setTyped(value);
    if (value === "") onText("");
  };
  return html`<form role="search" class="search" onSubmit=${submit}>
    <${Icon} name="search" />
    <input id="search" type="search" aria-label=${t("search")} placeholder=${t("search.threads")} maxlength="200" value=${typed}
      onInput=${input} />
  </form>`;
}

/** @param {{ thread: ThreadShape, state: string, isOpen: boolean }} props */
function ThreadRow({ thread, state, isOpen }) {
  const { last } = thread;
  const isTheirs = last?.role === "member";
  const text = last === null ? t("thread.empty") : (last.text ?? t(`status.${/** @type {"held"} */ (last.status)}`));
  return html`<${Row} href=${to(slug.value, "inbox", state, thread.id)} isOpen=${isOpen}
    class=${thread.state === "open" ? "thread open" : "thread"}>
    <span class="row-top"><span class="row-name">${thread.member.pseudonym}</span>
      <time datetime=${thread.active_at} title=${dateTime(thread.active_at)}>${ago(thread.active_at, now.value)}</time></span>
    <span class="row-text" dir="auto">${!isTheirs && last && html`<span class="row-from">
      ${last.author === me.value?.id ? t("you") : nameOf(last.author) || t("team")}:</span> `}${text}</span>
    <${Marks} thread=${thread} state=${state} />
  <//>`;
}

/** Why it waits, who has it. @param {{ thread: ThreadShape, state: string }} props */
function Marks({ thread, state }) {
  const isMine = thread.assignee === me.value?.id;
  const other = otherAt(thread);
  const marks = [
    other !== null && ["answer", t("lease.row", { name: other })],
    thread.last && thread.last.status !== "filed" && ["cases", t(`status.${thread.last.status}`)],
    thread.state !== state && ["dot", t(`state.${thread.state}`)],
    thread.state === "snoozed" && thread.snoozed_until && ["snooze", t("until", { time: dateTime(thread.snoozed_until) })],
    thread.assignee && state !== "mine" && ["person", isMine ? t("me-have-it") : nameOf(thread.assignee)],
    ...thread.labels.map((label) => ["flag", label]),
  ].filter((mark) => Array.isArray(mark));
  if (marks.length === 0) return null;
  return html`<span class="row-marks">${marks.map(([icon, said]) => html`<span key=${said} class="mark"><${Icon} name=${icon} />
    ${said}</span>`)}</span>`;
}

/** @param {{ state: string, isSearch: boolean }} props */
function Nothing({ state, isSearch }) {
  if (isSearch) return html`<${Empty} icon="search" title=${t("search.none")} why=${t("search.none.why")} />`;
  if (state === "open" && counts.value?.members.active === 0)
    return html`<${Empty} icon="members" title=${t("inbox.nobody")} why=${t("inbox.nobody.why")}>
      <a class="button main" href=${to(slug.value, "settings", "invites")}>${t("invite.act")}</a><//>`;
  if (state === "open") return html`<${Empty} icon="check" title=${t("inbox.done")} why=${t("inbox.done.why")}>
      <a class="button" href=${to(slug.value, "posts", "new")}>${t("post.write")}</a><//>`;
  return html`<${Empty} icon="inbox" title=${t("inbox.none")} why=${t(`state.${/** @type {"mine"} */ (state)}.why`)}>
    <a class="button" href=${to(slug.value, "inbox", "open")}>${t("inbox.to-open")}</a><//>`;
}
