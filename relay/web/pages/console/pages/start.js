// The first minutes: a list of what makes a relay useful, each done or with one thing to do about it.

import { all, get } from "../api.js";
import { colleagues, community, counts, loadDesk, slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Icon, Sign } from "../parts/icons.js";
import { startIsHidden } from "../prefs.js";
import { go, to } from "../route.js";
import { may, me } from "../session.js";
import { html, useEffect, useState } from "../view.js";
import { t } from "../words.js";
import { FoundForm } from "./community.js";
import { InviteCard, NewInvite, isGood } from "./invites.js";
import { AddStaff, LinkSheet } from "./staff.js";

/** @typedef {{ name: "community" | "imprint" | "invite" | "test" | "colleague", isDone: boolean, act: unknown }} Step */

export function Start() {
  const here = slug.value;
  const found = useLoaded(() => known(here), [here]);
  const [isAdding, setAdding] = useState(false);
  const [link, setLink] = useState(/** @type {{ name: string, link: string } | null} */ (null));
  useEffect(() => {
    document.title = `${t("start")} · Four Eyes`;
  }, [t("start")]);
  const isAlone = [...colleagues.value.values()].filter((one) => one.is_here).length < 2;
  const active = counts.value?.members.active ?? 0;
  const { imprint = "", invite, hasPosts = false } = found.value ?? {};
  const steps = /** @type {Step[]} */ ([
    { name: "community", isDone: here !== "", act: may("found") && html`<${FoundForm} onFound=${() => undefined} />` },
    { name: "imprint", isDone: imprint !== "", act: html`<a class="button main" href=${to(here, "settings", "community")}>
      ${t("start.imprint.act")}</a>` },
    { name: "invite", isDone: active > 0, act: invite ? html`<${InviteCard} invite=${invite} />` : html`<${NewInvite}
      onMade=${found.reload} />` },
    { name: "test", isDone: hasPosts, act: html`<a class="button main" href=${to(here, "posts", "new")}>
      ${t("post.write")}</a>` },
    { name: "colleague", isDone: !isAlone, act: html`<button type="button" class="main" onClick=${() => setAdding(true)}>
      ${t("staff.add")}</button>` },
  ]).filter((one) => one.name !== "colleague" || may("people"));
  const done = steps.filter((one) => one.isDone).length;
  const present = here === "" ? "community" : steps.find((one) => !one.isDone)?.name;
  return html`<main class="start">
    <header><${Sign} /><h1>${done === steps.length ? t("start.done") : t("start.title", { name: me.value?.name ?? "" })}</h1>
      ${done < steps.length && html`<p>${t("start.progress", { n: steps.length - done })}</p>`}</header>
    <ol>${steps.map((one) => html`<${StepCard} key=${one.name} step=${one} isPresent=${one.name === present}
      isLocked=${here === "" && one.name !== "community"} audience=${active} />`)}</ol>
    <div class="actions">${here !== "" && html`<button type="button"
      onClick=${() => ((startIsHidden.value = "hidden"), go(here, "inbox", "open"))}>${t("start.hide")}</button>
      <a class="button main" href=${to(here, "inbox", "open")}>${t("start.inbox")}</a>`}</div>
    ${isAdding && html`<${AddStaff} onClose=${() => setAdding(false)}
      onAdded=${(/** @type {{ name: string, link: string }} */ made) => (setAdding(false), setLink(made), loadDesk())} />`}
    ${link && html`<${LinkSheet} name=${link.name} link=${link.link} onClose=${() => setLink(null)} />`}
  </main>`;
}

/** What the steps need to know. @param {string} here */
async function known(here) {
  if (here === "" || !community.value) return { imprint: "", invite: undefined, hasPosts: false };
  const [about, invites, posts] = await Promise.all([
    get(`/communities/${here}`),
    all(`/communities/${here}/invites`).catch(() => /** @type {import("../wire.js").Invite[]} */ ([])),
    get(`/communities/${here}/posts`, { limit: 1 }),
  ]);
  const imprint = /** @type {string} */ (about.imprint);
  return { imprint, invite: invites.find(isGood), hasPosts: posts.items.length > 0 };
}

/** @param {{ step: Step, isPresent: boolean, isLocked: boolean, audience: number }} props */
function StepCard({ step, isPresent, isLocked, audience }) {
  const [isOpen, setOpen] = useState(false);
  const isShown = !step.isDone && !isLocked && (isPresent || isOpen);
  const why = step.name === "test" && audience > 1 ? t("start.test.many", { n: audience }) : t(`start.${step.name}.why`);
  return html`<li class=${`card step ${step.isDone ? "done" : isPresent ? "present" : ""}`}>
    <div class="step-head"><span class="step-sign"><${Icon} name=${step.isDone ? "check" : "dot"} /></span>
      <div><h2>${t(`start.${step.name}`)}</h2><p class="quiet">${step.isDone ? t("start.step-done") : why}</p></div>
      ${!step.isDone && !isPresent && !isLocked && html`<button type="button" onClick=${() => setOpen(!isOpen)}
        aria-expanded=${isOpen ? "true" : "false"}>${t("start.do")}</button>`}</div>
    ${isShown && html`<div class="step-act">${step.act}</div>`}
  </li>`;
}
