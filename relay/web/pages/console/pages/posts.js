// Posts: what the company said to everybody, newest first, and the way to say something new.

import { now, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useList, useNews } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, Rows, toList } from "../parts/panes.js";
import { go, route, to } from "../route.js";
import { may } from "../session.js";
import { html } from "../view.js";
import { ago, dateTime, number, t } from "../words.js";
import { Compose } from "./compose.js";
import { Post } from "./post.js";

/** @typedef {import("../wire.js").PostBrief} PostBrief */

export function Posts() {
  const [open = ""] = route.value.rest;
  const here = slug.value;
  const list = useList(`/communities/${here}/posts`, {});
  useNews(list.refresh, (event) => ["post.accepted", "post.cancelled"].includes(event.event) || event.finished);
  const mayPost = may("post");
  useCommands(
    [
      ...(mayPost ? [{ name: "new-post", key: "n", said: t("post.write"), run: () => go(here, "posts", "new") }] : []),
      { name: "to-list", key: "escape", said: t("back"), run: () => open && toList(to(here, "posts")) },
    ],
    [here, open, mayPost, t("back")],
  );
  const items = /** @type {PostBrief[] | undefined} */ (list.items);
  const write = mayPost && html`<a class="button main" href=${to(here, "posts", "new")}><${Icon} name="plus" />
    ${t("post.write")}</a>`;
  const detail = open === "new" && mayPost ? html`<${Compose} />` : open ? html`<${Post} key=${open} id=${open} />` : null;
  const shown = items?.find((one) => one.id === open);
  return html`<${Panes} title=${open === "new" ? t("post.write") : shown ? headline(shown) : t("posts")} listLabel=${t("posts")}
    back=${to(here, "posts")}
    isOpen=${open !== ""}
    list=${html`<${Head} title=${t("posts")}>${write}<//>
      <${Trouble} problem=${list.problem} onRetry=${list.refresh} />
      ${items === undefined && !list.problem && html`<${Skeleton} rows=${6} />`}
      ${items?.length === 0 && html`<${Empty} icon="posts" title=${t("posts.none")} why=${t("posts.none.why")}>${write}<//>`}
      ${items && items.length > 0 && html`<${Rows} label=${t("posts")}>
        ${items.map((one) => html`<${PostRow} key=${one.id} post=${one} isOpen=${one.id === open} />`)}<//>`}
      ${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`}
    detail=${detail ?? html`<${Empty} icon="posts" title=${t("post.none")} why=${t("post.none.why")} />`} />`;
}

/** @param {PostBrief} post */
function headline(post) {
  return post.title || post.text.slice(0, 60);
}

/** @param {{ post: PostBrief, isOpen: boolean }} props */
function PostRow({ post, isOpen }) {
  return html`<${Row} href=${to(slug.value, "posts", post.id)} isOpen=${isOpen}>
    <span class="row-top"><span class="row-name">${headline(post)}</span>
      <time datetime=${post.created_at} title=${dateTime(post.created_at)}>${ago(post.created_at, now.value)}</time></span>
    ${post.title && html`<span class="row-text">${post.text}</span>`}
    <span class="row-marks"><span class="mark">
      <${Icon} name=${post.state === "sent" ? "check" : post.state === "sending" ? "arrow" : "close"} />
      ${t(`post.state.${post.state}`)}</span>
      <span class="mark"><${Icon} name="members" />${number(post.audience)}</span></span>
  <//>`;
}
