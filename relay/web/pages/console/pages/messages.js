// What was said in a thread: the member left, the team right, notes and the relay's own words in between.

import { get } from "../api.js";
import { nameOf, slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Icon } from "../parts/icons.js";
import { Text } from "../parts/text.js";
import { to } from "../route.js";
import { may, me } from "../session.js";
import { Fragment, html, useEffect, useLayoutEffect, useRef, useState } from "../view.js";
import { clock, date, dateTime, t } from "../words.js";

/**
 * @typedef {import("../wire.js").Message} Message
 * @typedef {import("../wire.js").Thread} Thread
 */

const NEAR = 48; // px from the end within which new messages pull the view along

/** @param {{ messages: Message[], thread: Thread }} props */
export function Messages({ messages, thread }) {
  const element = useRef(/** @type {HTMLDivElement | null} */ (null));
  const inner = useRef(/** @type {HTMLDivElement | null} */ (null));
  const wasNear = useRef(true);
  const [unseen, setUnseen] = useState(0);
  const count = useRef(messages.length);
  const toEnd = () => {
    const box = element.current;
    if (box) box.scrollTop = box.scrollHeight;
    setUnseen(0);
  };
  useLayoutEffect(() => {
    const newest = messages.at(-1);
    const isOwn = messages.length > count.current && newest?.author != null && newest.author === me.value?.id;
    if (wasNear.current || isOwn) toEnd();
    else setUnseen((before) => before + Math.max(0, messages.length - count.current));
    count.current = messages.length;
  }, [messages.length]);
  useEffect(() => {
    const watch = new ResizeObserver(() => wasNear.current && toEnd()); // also when the post above them comes later
    for (const box of [element.current, inner.current]) if (box) watch.observe(box);
    return () => watch.disconnect();
  }, []);
  const scrolled = () => {
    const box = element.current;
    wasNear.current = box === null || box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (wasNear.current) setUnseen(0);
  };
  let day = "";
  return html`<div class="messages-place">
    <div class="messages" ref=${element} onScroll=${scrolled} role="log" aria-label=${t("messages")} tabindex="0">
      <div class="messages-inner" ref=${inner}><${Origin} thread=${thread} />
      ${messages.map((message) => {
        const its = date(message.at);
        const isNew = its !== day;
        day = its;
        return html`<${Fragment} key=${message.id}>${isNew && html`<p class="day">${its}</p>`}
          <${Entry} message=${message} thread=${thread} /><//>`;
      })}</div>
    </div>
    ${unseen > 0 && html`<button type="button" class="unseen-below" onClick=${toEnd}>
      ${t("messages.new", { n: unseen })}</button>`}
  </div>`;
}

/** The post that began it. @param {{ thread: Thread }} props */
function Origin({ thread }) {
  const post = useLoaded(async () => (thread.post && may("readPosts") ? get(`/posts/${thread.post}`) : null), [thread.post]);
  if (!post.value) return null;
  const { id, title, text } = /** @type {import("../wire.js").Post} */ (post.value);
  return html`<a class="origin" href=${to(slug.value, "posts", id)}><${Icon} name="posts" /><span class="unseen">
    ${t("origin")}: </span>
    <span><strong>${title ?? t("post")}</strong> ${text}</span></a>`;
}

/** @param {Message} message @param {Thread} thread */
function writer(message, thread) {
  if (message.role === "member") return thread.member.pseudonym;
  if (message.role === "relay") return t("relay");
  return message.author === me.value?.id ? t("you") : nameOf(message.author) || t("team");
}

/** @param {{ message: Message, thread: Thread }} props */
function Entry({ message, thread }) {
  const kind = message.internal ? "note" : message.role;
  return html`<div class=${`entry ${kind} ${message.status}`}>
    ${kind === "note" && html`<p class="entry-kind"><${Icon} name="note" />${t("note")}</p>`}
    ${message.status !== "filed" && html`<p class="entry-kind"><${Icon} name="cases" />${t(`status.${message.status}`)}</p>`}
    <p class="entry-text" dir="auto">${message.text === null ? html`<em>${t("text.held-back")}</em>` : html`<${Text}
      text=${message.text} />`}</p>
    <p class="entry-foot"><span>${writer(message, thread)}</span> <time datetime=${message.at} title=${dateTime(message.at)}>
      ${clock(message.at)}</time></p>
  </div>`;
}
