// What somebody of staff has begun to write, with the Idempotency-Key it goes out under. Both outlive the page and a session
// that ran out; nobody else at this browser finds them.

import { Problem, get, newKey, post } from "./api.js";
import { listen } from "./live.js";
import { isRefused } from "./once.js";
import { recall, recalled, remember } from "./prefs.js";
import { me, onLeft } from "./session.js";
import { effect } from "./view.js";

const GONE = [404, 410];

const known = /** @type {Map<string, string>} */ (new Map()); // also where storage is switched off

/** @param {string} name `post.SLUG`, or `MEMBER.THREAD.MODE.SLUG` */
const whole = (name) => `draft.${me.value?.id ?? ""}.${name}`;
/** @param {string} kept */
const keyOf = (kept) => `${kept}.key`;

/** @param {string} kept */
const found = (kept) => known.get(kept) ?? recall(kept) ?? "";

/** @param {string} kept @param {string} value "" keeps nothing */
function keep(kept, value) {
  known.set(kept, value);
  remember(kept, value || null);
}

/** @param {string} kept @param {string} text */
function change(kept, text) {
  keep(kept, text);
  keep(keyOf(kept), ""); // another text is another act
}

/** @param {string} name */
export function draft(name) {
  return found(whole(name));
}

/** @param {string} name @param {string} text */
export function keepDraft(name, text) {
  change(whole(name), text);
}

/**
 * Posts what a draft says. Sent again, also by a page that was opened anew, it is done once.
 * @param {string} name @param {string} path @param {object} body @returns {Promise<any>}
 */
export async function sendDraft(name, path, body) {
  const kept = whole(name);
  const key = found(keyOf(kept)) || newKey();
  const isSame = () => found(keyOf(kept)) === key;
  keep(keyOf(kept), key);
  try {
    const made = await post(path, body, key);
    if (isSame()) change(kept, "");
    return made;
  } catch (problem) {
    if (isSame() && isRefused(problem)) keep(keyOf(kept), "");
    throw problem;
  }
}

/** Names of all that is kept here. */
const everything = () => new Set([...known.keys(), ...recalled("draft.")]);

/** @param {(kept: string) => boolean} isMeant */
function forget(isMeant) {
  for (const kept of everything()) {
    if (!isMeant(kept)) continue;
    known.delete(kept);
    remember(kept, null);
  }
}

/** What is for threads that are gone, as when a member was erased while nobody looked. */
async function forgetGone() {
  const mine = whole("");
  const parts = [...everything()].filter((kept) => kept.startsWith(mine)).map((kept) => kept.slice(mine.length).split("."));
  const threads = new Map(parts.filter(([first]) => first !== "post").map((part) => [part[1] ?? "", part]));
  for (const [thread, [member = "", , , slug = ""]] of threads) {
    if (await isGone(thread, member, slug)) forget((kept) => kept.startsWith(mine) && kept.split(".").includes(thread));
  }
}

/**
 * The list of a member's threads has no words of theirs, so that nobody has read one.
 * @param {string} thread @param {string} member @param {string} slug
 */
async function isGone(thread, member, slug) {
  const listed = await get(`/communities/${slug}/threads`, { member, limit: 200 }).catch(() => null);
  if (listed === null || listed.items.some((/** @type {{ id: string }} */ one) => one.id === thread)) return false;
  return get(`/threads/${thread}`).then(
    () => false, // it is in another community
    (problem) => problem instanceof Problem && GONE.includes(problem.status),
  );
}

onLeft.call = () => forget(() => true);
effect(() => {
  const mine = whole("");
  if (me.value) forget((kept) => !kept.startsWith(mine));
});
listen((event) => {
  if (event === null) void forgetGone(); // at the start, and when something may have been missed
  if (event?.event !== "member.erased") return;
  const theirs = whole(`${event.member}.`);
  forget((kept) => kept.startsWith(theirs));
});
