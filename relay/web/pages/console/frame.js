// The frame around every page: the rail with its places and counts, the banner when the relay is away, palette and help.

import { community, communities, count, counts, now, slug } from "./desk.js";
import { helpIsOpen, paletteIsOpen, useCommands } from "./keys.js";
import { link, retry } from "./live.js";
import { Page } from "./pages.js";
import { Communities } from "./parts/communities.js";
import { Help } from "./parts/help.js";
import { Icon, Sign } from "./parts/icons.js";
import { Palette } from "./parts/palette.js";
import { walk } from "./parts/panes.js";
import { language, lastCommunity, scheme } from "./prefs.js";
import { COMPANY, go, route, to } from "./route.js";
import { may, me, signOut } from "./session.js";
import { html, useEffect, useLayoutEffect, useState } from "./view.js";
import { number, t } from "./words.js";

/** @typedef {import("./parts/icons.js").IconName} IconName */

const LOST_FOR = 2000; // ms until the loss of the line is said: a restart is nobody's business

export function Frame() {
  useEffect(() => {
    const { slug: named } = route.value;
    if (named && named !== COMPANY) lastCommunity.value = named;
  }, [route.value.slug]);
  // Before the lists, which tabs with their sums stand above; also as time goes by: a snooze ends without an event.
  useLayoutEffect(() => void count(), [slug.value, route.value.page, now.value]);
  usePlaces();
  return html`<div class="frame">
    <a class="skip" href="#content" onClick=${skip}>${t("skip")}</a>
    <${Rail} />
    <div class="content" id="content" tabindex="-1">
      <${Page} />
      <${Banner} />
    </div>
    ${paletteIsOpen.value && html`<${Palette} />`}
    ${helpIsOpen.value && html`<${Help} />`}
  </div>`;
}

/** The address behind # is the console's own, so the jump is made by hand. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

/** @returns {{ page: string, parts: string[], icon: IconName, said: string, number: number, isOpen: boolean }[]} */
function places() {
  const here = slug.value;
  const waiting = counts.value;
  const cases = (waiting?.cases.open ?? 0) + (waiting?.cases.appealed ?? 0) + (waiting?.cases.objected ?? 0);
  const all = [
    { page: "inbox", icon: "inbox", said: t("inbox"), number: waiting?.threads.open ?? 0, may: may("readThreads") },
    { page: "posts", icon: "posts", said: t("posts"), number: 0, may: may("readPosts") },
    { page: "cases", icon: "cases", said: t("cases"), number: cases, may: may("readCases") },
    { page: "members", icon: "members", said: t("members"), number: 0, may: may("readMembers") },
    { page: "settings", icon: "settings", said: t("settings"), number: 0, may: true },
  ];
  const isAny = communities.value !== null && here !== "";
  const { page: open, slug: named } = route.value;
  return all
    .filter((one) => one.may && (isAny || one.page === "settings"))
    .map((one) => ({
      ...one,
      icon: /** @type {IconName} */ (one.icon),
      parts: one.page === "settings" ? [here || COMPANY, "settings"] : [here, one.page],
      isOpen: open === one.page || (one.page === "settings" && named === COMPANY && !["start", "me"].includes(open)),
    }));
}

/** The page to be on in another community: this one, or the first that this role has. */
function samePage() {
  const all = places();
  return (all.find((one) => one.isOpen) ?? all[0])?.page ?? "settings";
}

function Rail() {
  return html`<nav class="rail" aria-label=${t("places")}>
    <a class="rail-sign" href=${to(COMPANY, "start")} aria-label=${t("start")}><${Sign} /></a>
    <${Communities} page=${samePage()} />
    <ul>
      ${places().map(
        (one) => html`<li key=${one.page}>
          <a class="rail-place" href=${to(...one.parts)} aria-current=${one.isOpen ? "page" : undefined}>
            <${Icon} name=${one.icon} /><span>${one.said}</span>
            ${one.number > 0 &&
            html`<span class="count"><span aria-hidden="true">${one.number > 99 ? "99+" : number(one.number)}</span>
              <span class="unseen">${t("waiting-count", { n: one.number })}</span></span>`}
          </a>
        </li>`,
      )}
    </ul>
    <div class="rail-foot">
      <button type="button" class="rail-place" onClick=${() => (helpIsOpen.value = true)} aria-haspopup="dialog">
        <${Icon} name="help" /><span>${t("help")}</span>
      </button>
      <a class="rail-place" href=${to(COMPANY, "me")} aria-current=${route.value.page === "me" ? "page" : undefined}>
        <${Icon} name="person" /><span>${me.value?.name ?? ""}</span>
      </a>
    </div>
  </nav>`;
}

/** Says that the relay is away; what is written stays, and it comes back by itself. */
function Banner() {
  const [isLate, setLate] = useState(false);
  const isLost = link.value === "lost";
  useEffect(() => {
    if (!isLost) return setLate(false);
    const timer = setTimeout(() => setLate(true), LOST_FOR);
    return () => clearTimeout(timer);
  }, [isLost]);
  if (!isLost || !isLate) return html`<div class="banner-place" role="status"></div>`;
  return html`<div class="banner-place" role="status"><div class="banner">
    <${Icon} name="warn" /><p><strong>${t("away")}</strong> ${t("away.means")}</p>
    <button type="button" onClick=${retry}>${t("away.retry")}</button>
  </div></div>`;
}

/** A command that leads somewhere. @param {string} name @param {string} place @param {string[]} parts */
function goal(name, place, parts) {
  return { name: `go-${name}`, said: t("go-to", { place }), run: () => go(...parts) };
}

const SCHEMES = /** @type {const} */ (["system", "light", "dark"]);

function usePlaces() {
  const here = slug.value;
  const goals = places().map((one) => goal(one.page, one.said, one.parts));
  const others = (communities.value ?? []).filter((one) => one.slug !== here);
  useCommands(
    [
      ...goals,
      ...others.map((one) => goal(`to-${one.slug}`, one.name, [one.slug, samePage()])),
      { name: "down", key: "j", said: t("key.down"), run: () => walk(1) },
      { name: "up", key: "k", said: t("key.up"), run: () => walk(-1) },
      { name: "help", key: "?", said: t("key.help"), run: () => (helpIsOpen.value = true) },
      goal("me", t("me"), [COMPANY, "me"]),
      {
        name: "language",
        said: language.value === "de" ? "Switch to English" : "Auf Deutsch umstellen",
        run: () => (language.value = language.value === "de" ? "en" : "de"),
      },
      ...SCHEMES.filter((one) => one !== scheme.value).map((one) => ({
        name: `scheme-${one}`,
        said: t(`scheme.to.${one}`),
        run: () => (scheme.value = one),
      })),
      { name: "sign-out", said: t("sign-out"), run: signOut },
    ],
    [here, community.value, communities.value, language.value, scheme.value, me.value, t("inbox")],
  );
}
