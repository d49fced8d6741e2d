// Invites: links and QR codes by which people join, each with its own mark, so that one can be ended alone.

import { all, remove } from "../api.js";
import { slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Confirm } from "../parts/dialog.js";
import { SelectField, TextField } from "../parts/field.js";
import { Empty, Skeleton, Trouble, complain, faultAt, toast } from "../parts/feedback.js";
import { Sheet } from "../parts/page.js";
import { Secret } from "../parts/secret.js";
import { useOnce } from "../once.js";
import { html, useState } from "../view.js";
import { date, t } from "../words.js";

/** @typedef {import("../wire.js").Invite} Invite */

const DAYS = ["", "1", "7", "30", "365"];
const DAY = 86_400_000; // ms

export function Invites() {
  const list = useLoaded(() => /** @type {Promise<Invite[]>} */ (all(`/communities/${slug.value}/invites`)), [slug.value]);
  const [ending, setEnding] = useState(/** @type {Invite | null} */ (null));
  const items = list.value;
  const open = items?.filter((one) => isGood(one)) ?? [];
  const end = async () => {
    try {
      if (ending) await remove(`/invites/${ending.id}`);
      toast(t("invite.ended"));
      void list.reload();
    } catch (problem) {
      complain(problem);
    }
    setEnding(null);
  };
  return html`<${Sheet} title=${t("settings.invites")} why=${t("settings.invites.why")}>
    <${NewInvite} onMade=${list.reload} />
    <${Trouble} problem=${list.problem} onRetry=${list.reload} />
    ${items === undefined && !list.problem && html`<${Skeleton} rows=${2} />`}
    ${items && open.length === 0 && html`<${Empty} icon="link" title=${t("invites.none")} why=${t("invites.none.why")} />`}
    ${open.map((one) => html`<${InviteCard} key=${one.id} invite=${one} onEnd=${() => setEnding(one)} />`)}
    ${ending && html`<${Confirm} title=${t("invite.end.ask")} act=${t("invite.end")} isGrave onAct=${end}
      onClose=${() => setEnding(null)}><p>${t("invite.end.why")}</p><//>`}
  <//>`;
}

/** Whether somebody can still join by it. @param {Invite} invite */
export function isGood(invite) {
  const isOver = invite.expires_at !== null && Date.parse(invite.expires_at) < Date.now();
  return invite.revoked_at === null && !isOver && (invite.uses === null || invite.used < invite.uses);
}

/** @param {{ onMade: () => void }} props */
export function NewInvite({ onMade }) {
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("");
  const [uses, setUses] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const send = useOnce();
  const make = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const expires_at = days ? new Date(Date.now() + Number(days) * DAY).toISOString() : null;
    const body = { label, ...(expires_at && { expires_at }), ...(uses && { uses: Number(uses) }) };
    try {
      await send(`/communities/${slug.value}/invites`, body, { label, days, uses });
      setLabel("");
      setProblem(null);
      onMade();
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<form class="stack card" onSubmit=${make}>
    <${Trouble} problem=${problem} />
    <div class="columns">
      <${TextField} label=${t("invite.label")} value=${label} onValue=${setLabel} placeholder=${t("invite.label.hint")}
        maxlength="100" fault=${faultAt(problem, "label")} />
      <${SelectField} label=${t("invite.until")} value=${days} onValue=${setDays}
        options=${DAYS.map((count) => [count, count ? t("days", { n: Number(count) }) : t("invite.always")])} />
      <${TextField} label=${t("invite.uses")} value=${uses}
        onValue=${(/** @type {string} */ text) => setUses(text.replace(/\D/g, ""))} inputmode="numeric"
        placeholder=${t("invite.any")} fault=${faultAt(problem, "uses")} />
    </div>
    <div class="actions"><button type="submit" class="main">${t("invite.make")}</button></div>
  </form>`;
}

/** @param {{ invite: Invite, onEnd?: () => void }} props */
export function InviteCard({ invite, onEnd }) {
  const until = invite.expires_at ? [t("until", { time: date(invite.expires_at) })] : [];
  const used = [t("invite.used", { n: invite.used }), ...until];
  return html`<article class="card invite" aria-label=${invite.label || t("invite")}>
    <img class="qr" src=${`/v1/invites/${invite.id}/qr.svg`} alt=${t("invite.qr")} width="144" height="144" />
    <div class="stack"><h3>${invite.label || t("invite")}</h3>
      <${Secret} label=${t("invite.url")} value=${invite.url} note=${t("invite.share")} />
      <p class="quiet">${used.join(" · ")}</p>
      <div class="actions"><a class="button" href=${invite.url} target="_blank" rel="noopener">${t("invite.open")}</a>
        <a class="button" href=${`/v1/invites/${invite.id}/qr.svg`} download=${`invite-${invite.code}.svg`}>
          ${t("invite.download")}</a>
        ${onEnd && html`<button type="button" onClick=${onEnd}>${t("invite.end")}</button>`}</div>
    </div></article>`;
}
