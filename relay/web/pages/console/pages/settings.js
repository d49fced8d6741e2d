// Settings: everything that is not daily work, one page each, found in a list beside them.

import { communities, community, slug } from "../desk.js";
import { helpIsOpen, paletteIsOpen, useCommands } from "../keys.js";
import { Communities } from "../parts/communities.js";
import { Empty } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Head, Panes, Row, toList } from "../parts/panes.js";
import { COMPANY, go, route, to } from "../route.js";
import { may } from "../session.js";
import { html } from "../view.js";
import { t } from "../words.js";
import { Audit } from "./audit.js";
import { About, NewCommunity } from "./community.js";
import { ConsentTexts } from "./consent.js";
import { Invites } from "./invites.js";
import { Keys } from "./keys.js";
import { Me } from "./me.js";
import { Plugins } from "./plugins.js";
import { Replays } from "./replay.js";
import { Rules } from "./rules.js";
import { Staff } from "./staff.js";

/** @typedef {import("../parts/icons.js").IconName} IconName */

/** @returns {{ name: string, parts: string[], icon: IconName, said: string, page: unknown }[]} */
function places() {
  const here = slug.value;
  const reads = here !== "" && may("readCommunity");
  const changes = here !== "" && may("changeCommunity");
  const ofNew = [COMPANY, "settings", "new"];
  const of = (/** @type {string} */ name) => [here, "settings", name];
  const all = [
    { is: reads, name: "community", icon: "settings", said: t("settings.community"), page: About, parts: of("community") },
    { is: changes, name: "consent", icon: "check", said: t("settings.consent"), page: ConsentTexts, parts: of("consent") },
    { is: changes, name: "invites", icon: "link", said: t("settings.invites"), page: Invites, parts: of("invites") },
    { is: reads, name: "plugins", icon: "plug", said: t("settings.plugins"), page: Plugins, parts: of("plugins") },
    { is: reads, name: "rules", icon: "flag", said: t("settings.rules"), page: Rules, parts: of("rules") },
    { is: reads, name: "replay", icon: "again", said: t("settings.replay"), page: Replays, parts: of("replay") },
    { is: may("people"), name: "staff", icon: "members", said: t("settings.staff"), page: Staff, parts: [COMPANY, "staff"] },
    { is: may("people"), name: "keys", icon: "key", said: t("settings.keys"), page: Keys, parts: [COMPANY, "keys"] },
    { is: may("readAudit"), name: "audit", icon: "log", said: t("settings.audit"), page: Audit, parts: [COMPANY, "audit"] },
    { is: may("found"), name: "new", icon: "plus", said: t("settings.new"), page: NewCommunity, parts: ofNew },
    { is: changes, name: "start", icon: "start", said: t("start"), page: null, parts: [COMPANY, "start"] },
    { is: true, name: "me", icon: "person", said: t("me"), page: Me, parts: [COMPANY, "me"] },
  ];
  return all.filter((one) => one.is).map((one) => ({ ...one, icon: /** @type {IconName} */ (one.icon) }));
}

/** What the rail has elsewhere, and a keyboard. */
const SHEETS = /** @type {const} */ ([
  { name: "help", icon: "help", said: "help", open: () => (helpIsOpen.value = true) },
  { name: "palette", icon: "search", said: "palette", open: () => (paletteIsOpen.value = true) },
]);

export function Settings() {
  const { page, rest } = route.value;
  const open = page === "settings" ? (rest[0] ?? "") : page;
  const all = places();
  const found = all.find((one) => one.name === open);
  const list = to(slug.value || COMPANY, "settings");
  useCommands(
    [
      ...all.map((one) => ({ name: `set-${one.name}`, said: t("go-to", { place: one.said }), run: () => go(...one.parts) })),
      { name: "to-list", key: "escape", said: t("back"), run: () => open && toList(list) },
    ],
    [open, slug.value, communities.value, t("back")],
  );
  const detail = found ? html`<${found.page} key=${`${open}/${slug.value}`} />` : html`<${Empty} icon="settings"
    title=${t("settings.none")} />`;
  return html`<${Panes} title=${found?.said ?? t("settings")} listLabel=${t("settings")} back=${list}
    isOpen=${found !== undefined}
    list=${html`<${Head} title=${t("settings")} />
      <div class="under-head"><p>${community.value?.name ?? ""}</p><div class="narrow-only">
        <${Communities} page="settings" /></div></div>
      <ul class="rows places" aria-label=${t("settings")} data-walk="yes">
        ${all.map((one) => html`<${Row} key=${one.name} href=${to(...one.parts)} isOpen=${one.name === open}>
          <span class="row-place"><${Icon} name=${one.icon} />${one.said}</span><//>`)}
        ${SHEETS.map((one) => html`<li key=${one.name} class="narrow-only"><button type="button" class="row"
          onClick=${one.open} aria-haspopup="dialog"><span class="row-place"><${Icon} name=${one.icon} />
          ${t(one.said)}</span></button></li>`)}
      </ul>`}
    detail=${detail} />`;
}
