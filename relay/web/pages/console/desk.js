// What every page of the console knows: the communities, who works here, how much waits; read again when something happens.

import { computed, signal } from "@preact/signals";

import { all, get, relayTime } from "./api.js";
import { SOON, begun, listen } from "./live.js";
import { lastCommunity } from "./prefs.js";
import { COMPANY, route } from "./route.js";

/**
 * @typedef {import("./wire.js").CommunityBrief} CommunityBrief
 * @typedef {import("./wire.js").Colleague} Colleague
 * @typedef {import("./wire.js").Counts} Counts
 */

export const communities = signal(/** @type {CommunityBrief[] | null} */ (null));
export const colleagues = signal(/** @type {ReadonlyMap<string, Colleague>} */ (new Map()));
/** The time that ages are reckoned by; it moves every half minute, for all rows at once. */
export const now = signal(relayTime());
setInterval(() => (now.value = relayTime()), 30_000);

/** The community that the address names, else the one last looked at, else the first. */
export const community = computed(() => {
  const known = communities.value ?? [];
  const named = route.value.slug === COMPANY ? "" : route.value.slug;
  return known.find((one) => one.slug === named) ?? known.find((one) => one.slug === lastCommunity.value) ?? known[0] ?? null;
});

/** Its slug, which addresses are made with. */
export const slug = computed(() => community.value?.slug ?? "");

/** Pages read what they show once this is there. */
export async function loadDesk() {
  const [found, people] = await Promise.all([all("/communities"), all("/colleagues"), begun()]);
  now.value = relayTime();
  communities.value = found;
  colleagues.value = new Map(people.map((/** @type {Colleague} */ person) => [person.id, person]));
}

const asked = new Set(/** @type {string[]} */ ([]));
let meeting = 0;

/** Whoever is unknown may be new here, and is asked for once. @param {string | null} id */
export function nameOf(id) {
  if (id === null) return "";
  const found = colleagues.value.get(id);
  if (found === undefined && !asked.has(id)) {
    asked.add(id);
    meeting ||= setTimeout(() => {
      meeting = 0;
      loadDesk().catch(() => asked.clear());
    }, SOON);
  }
  return found?.name ?? "";
}

const last = signal({ slug: "", counts: /** @type {Counts | null} */ (null) });
/** Of the community that is looked at; null until they are known. */
export const counts = computed(() => (last.value.slug === slug.value ? last.value.counts : null));

let timer = 0;

/** Soon, and once for whatever comes in between. */
export function countSoon() {
  if (timer || !slug.value) return;
  timer = setTimeout(() => {
    timer = 0;
    void count();
  }, SOON);
}

/** The numbers before stay when it fails: the page itself says when the relay cannot be reached. */
export async function count() {
  if (slug.value) await counted(slug.value).catch(() => undefined);
}

/** For what must not rest on an old number. @param {string} wanted @returns {Promise<Counts>} */
export async function counted(wanted) {
  const found = await get(`/communities/${wanted}/counts`);
  if (wanted === slug.value) last.value = { slug: wanted, counts: found };
  return found;
}

listen(countSoon);
