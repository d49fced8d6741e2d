// Which page an address leads to.

import { communities, slug } from "./desk.js";
import { Held } from "./pages/held.js";
import { Inbox } from "./pages/inbox.js";
import { Members } from "./pages/members.js";
import { Posts } from "./pages/posts.js";
import { Settings } from "./pages/settings.js";
import { Start } from "./pages/start.js";
import { Skeleton, Trouble } from "./parts/feedback.js";
import { startIsHidden } from "./prefs.js";
import { COMPANY, replace, route } from "./route.js";
import { may } from "./session.js";
import { html, useEffect, useErrorBoundary } from "./view.js";

const OF_COMMUNITY = { inbox: Inbox, posts: Posts, cases: Held, members: Members, settings: Settings };
const OF_COMPANY = { start: Start, me: Settings, staff: Settings, keys: Settings, audit: Settings, settings: Settings };

export function Page() {
  const { slug: named, page } = route.value;
  const known = named === COMPANY ? OF_COMPANY : OF_COMMUNITY;
  const Found = page in known ? known[/** @type {keyof typeof known} */ (page)] : undefined;
  const isHere = named === COMPANY || communities.value?.some((one) => one.slug === named);
  useEffect(() => {
    if (communities.value !== null && (Found === undefined || !isHere)) replace(...home());
  }, [communities.value, Found, isHere]);
  const [fault, again] = useErrorBoundary((error) => reportError(error));
  useEffect(again, [route.value]);
  if (fault) return html`<main class="alone"><${Trouble} problem=${fault} onRetry=${again} /></main>`;
  if (communities.value === null || Found === undefined || !isHere) return html`<main class="alone">
    <${Skeleton} rows=${6} /></main>`;
  return html`<${Found} key=${`${named}/${page}`} />`;
}

/** Where who comes without an address goes. @returns {string[]} */
function home() {
  if (slug.value === "" || (may("changeCommunity") && startIsHidden.value === "shown")) return [COMPANY, "start"];
  return may("readThreads") ? [slug.value, "inbox", "open"] : [slug.value, "cases"];
}
