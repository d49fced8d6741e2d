// A post: its text left, its life right, live until everything has arrived or come to its end.

import { get, post as send } from "../api.js";
import { now, slug } from "../desk.js";
import { useList, useLoaded, useNews } from "../loaded.js";
import { Bar, left } from "../parts/bar.js";
import { Confirm } from "../parts/dialog.js";
import { Skeleton, Trouble, complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Text } from "../parts/text.js";
import { to } from "../route.js";
import { may } from "../session.js";
import { html, useRef, useState } from "../view.js";
import { ago, clock, dateTime, number, t } from "../words.js";

/** @typedef {import("../wire.js").Post} PostShape */

const LOOK = 3000; // ms between two looks while members still read and acknowledge, which the stream does not tell
const DAY = 86_400_000; // ms; who has not read by then is found by reading the page again

/** @param {{ id: string }} props */
export function Post({ id }) {
  const found = useLoaded(() => /** @type {Promise<PostShape>} */ (get(`/posts/${id}`)), [id]);
  const [isCancelling, setCancelling] = useState(false);
  const post = found.value;
  const isMoving = post !== undefined && (post.counts["read"] ?? 0) < post.audience && isYoung(post);
  const look = () => void (document.visibilityState === "visible" && found.reload());
  useNews(look, (event) => event.post === id, isMoving ? LOOK : 0);
  if (!post) return html`<div class="page"><${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.problem && html`<${Skeleton} kind="text" rows=${6} />`}</div>`;
  const cancel = async () => {
    try {
      found.set(await send(`/posts/${id}:cancel`));
      toast(t("post.cancelled"));
    } catch (problem) {
      complain(problem);
    }
    setCancelling(false);
  };
  const gone = left(post.counts);
  return html`<article class="page post-page">
    <header class="page-head"><div><h2>${post.title || t("post")}</h2>
      <p class="quiet">${t("post.at", { time: dateTime(post.accepted_at ?? post.created_at) })}</p></div></header>
    <div class="post-sides">
      <section aria-label=${t("post.text")} class="post-text"><${Preview} title=${post.title ?? ""} text=${post.text}
        buttons=${post.buttons} /></section>
      <section aria-label=${t("post.life")} class="post-life">
        <h3>${t(`post.state.${post.state}`)}</h3>
        <${Bar} counts=${post.counts} audience=${post.audience} />
        <p class="quiet">${t("post.audience", { n: post.audience })} <${Pace} post=${post} gone=${gone} /></p>
        ${post.state === "sending" && may("post") && html`<button type="button" onClick=${() => setCancelling(true)}>
          ${t("post.cancel")}</button>`}
        ${post.presses && post.buttons.length > 0 && html`<${Presses} post=${post} />`}
        <h3>${t("post.answers")}</h3>
        <${Answers} id=${id} />
      </section>
    </div>
    ${isCancelling && html`<${Confirm} title=${t("post.cancel.ask")} act=${t("post.cancel")} isGrave onAct=${cancel}
      onClose=${() => setCancelling(false)}>
      <p>${t("post.cancel.why", { gone: number(gone), rest: number(post.audience - gone) })}</p><//>`}
  </article>`;
}

/** @param {PostShape} post */
function isYoung(post) {
  return Date.now() - Date.parse(post.created_at) < DAY;
}

/** How fast, and how long yet, while it goes out. @param {{ post: PostShape, gone: number }} props */
function Pace({ post, gone }) {
  const first = useRef({ at: Date.now(), gone });
  if (post.state !== "sending") return null;
  const seconds = (Date.now() - first.current.at) / 1000;
  const rate = (gone - first.current.gone) / Math.max(seconds, 1);
  if (rate < 1) return null;
  return html`<span role="status">
    ${t("post.pace", { rate: number(rate), time: number(Math.ceil((post.audience - gone) / rate)) })}</span>`;
}

/** @param {{ post: PostShape }} props */
function Presses({ post }) {
  const presses = post.presses ?? {};
  const most = Math.max(1, ...Object.values(presses));
  return html`<h3>${t("post.presses")}</h3><dl class="presses">
    ${post.buttons.map((button) => {
      const count = presses[button.id] ?? 0;
      return html`<div key=${button.id}><dt>${button.label}</dt><dd>
        <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
          <rect class="bar-ground" width="100" height="4" /><rect class="of-delivered" width=${(count / most) * 100}
          height="4" /></svg>
        ${number(count)}</dd></div>`;
    })}
  </dl>`;
}

/** The private threads that the post has started. @param {{ id: string }} props */
function Answers({ id }) {
  const list = useList(may("readThreads") ? `/communities/${slug.value}/threads` : null, { post: id, words: true });
  const items = /** @type {import("../wire.js").Thread[] | undefined} */ (list.items);
  useNews(list.refresh, (event) => event.event === "member.erased" || event.is_new_thread || isAmong(items, event.thread));
  if (!items) return html`<${Trouble} problem=${list.problem} onRetry=${list.refresh} />`;
  if (items.length === 0) return html`<p class="quiet">${t("post.answers.none")}</p>`;
  return html`<ul class="answers">${items.map(
    (one) => html`<li key=${one.id}><a href=${to(slug.value, "inbox", one.state, one.id)}><strong>
      ${one.member.pseudonym}</strong>
      <span>${one.last?.text ?? ""}</span><time datetime=${one.active_at}>${ago(one.active_at, now.value)}</time></a></li>`,
  )}</ul>${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`;
}

/** @param {{ id: string }[] | undefined} threads @param {string | undefined} id */
function isAmong(threads, id) {
  return threads?.some((one) => one.id === id);
}

/**
 * A post as members see it.
 * @param {{ title: string, text: string, buttons: { id: string, label: string }[], name?: string }} props
 */
export function Preview({ title, text, buttons, name }) {
  return html`<div class="bubble">
    ${name && html`<p class="bubble-from"><${Icon} name="posts" />${name}</p>`}
    ${title && html`<p class="bubble-title">${title}</p>`}
    <p class="entry-text" dir="auto"><${Text} text=${text} /></p>
    ${buttons.map((button) => html`<span key=${button.id} class="bubble-button">${button.label}</span>`)}
    ${name && html`<p class="entry-foot"><time>${clock(new Date().toISOString())}</time></p>`}
  </div>`;
}
