// Members: who opted in, under the names that staff see.

import { count, counts, now, slug } from "../desk.js";
import { useCommands } from "../keys.js";
import { useList, useNews } from "../loaded.js";
import { Empty, Skeleton, Trouble } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, Rows, toList } from "../parts/panes.js";
import { go, route, to } from "../route.js";
import { may } from "../session.js";
import { html, useState } from "../view.js";
import { ago, dateTime, t } from "../words.js";
import { AddMember } from "./member-new.js";
import { Member } from "./member.js";

/** @typedef {import("../wire.js").Member} MemberShape */

export function Members() {
  const [open = ""] = route.value.rest;
  const [isAdding, setAdding] = useState(false);
  const here = slug.value;
  const list = useList(`/communities/${here}/members`, {});
  useNews(list.refresh, (event) => event.event.startsWith("member."));
  const mayChange = may("changeMembers");
  useCommands(
    [
      ...(mayChange ? [{ name: "add-member", key: "n", said: t("member.add"), run: () => setAdding(true) }] : []),
      { name: "to-list", key: "escape", said: t("back"), run: () => open && toList(to(here, "members")) },
    ],
    [here, open, mayChange, t("back")],
  );
  const items = /** @type {MemberShape[] | undefined} */ (list.items);
  const chosen = items?.find((one) => one.id === open);
  const add = mayChange && html`<button type="button" aria-label=${t("member.add")} onClick=${() => setAdding(true)}>
    <${Icon} name="plus" />${t("member.add.short")}</button>`;
  const amounts = counts.value?.members;
  return html`<${Panes} title=${chosen?.pseudonym ?? t("members")} listLabel=${t("members")} back=${to(here, "members")}
    isOpen=${open !== ""}
      list=${html`<${Head} title=${t("members")}>${add}<//>
        ${amounts && amounts.active + amounts.left > 0 && html`<p class="under-head">
          ${standing(amounts)}</p>`}
        <${Trouble} problem=${list.problem} onRetry=${list.refresh} />
        ${items === undefined && !list.problem && html`<${Skeleton} rows=${7} />`}
        ${items?.length === 0 && html`<${Empty} icon="members" title=${t("members.none")} why=${t("members.none.why")}>
          <a class="button main" href=${to(here, "settings", "invites")}>${t("invite.act")}</a><//>`}
        ${items && items.length > 0 && html`<${Rows} label=${t("members")}>
          ${items.map((one) => html`<${MemberRow} key=${one.id} member=${one} isOpen=${one.id === open} />`)}<//>`}
        ${list.hasMore && html`<button type="button" class="more" onClick=${list.more}>${t("more")}</button>`}`}
      detail=${open ? html`<${Member} key=${open} id=${open} onGone=${() => (go(here, "members"), list.refresh())} />`
        : html`<${Empty} icon="members" title=${t("member.none")} why=${t("member.none.why")} />`} />
    ${isAdding && html`<${AddMember} onClose=${() => setAdding(false)}
      onAdded=${(/** @type {string} */ id) => (list.refresh(), count(), go(here, "members", id))} />`}`;
}

/** @param {{ active: number, left: number }} amounts */
function standing({ active, left }) {
  return [t("members.active", { n: active }), ...(left > 0 ? [t("members.left", { n: left })] : [])].join(", ");
}

/** @param {{ member: MemberShape, isOpen: boolean }} props */
function MemberRow({ member, isOpen }) {
  return html`<${Row} href=${to(slug.value, "members", member.id)} isOpen=${isOpen}>
    <span class="row-top"><span class="row-name">${member.pseudonym}</span>
      <time datetime=${member.joined_at} title=${dateTime(member.joined_at)}>${ago(member.joined_at, now.value)}</time></span>
    ${(member.standing === "left" || member.tags.length > 0) && html`<span class="row-marks">
      ${member.standing === "left" && html`<span class="mark"><${Icon} name="close" />${t("standing.left")}</span>`}
      ${member.tags.map((tag) => html`<span key=${tag} class="mark"><${Icon} name="flag" />${tag}</span>`)}</span>`}
  <//>`;
}
