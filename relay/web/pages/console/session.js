// Who is at the desk, and what they may do.

import { computed, signal } from "@preact/signals";

import { get, onSignedOut, remove } from "./api.js";
import { connect, disconnect } from "./live.js";
import { complain } from "./parts/feedback.js";

/** @typedef {import("./wire.js").Session} Session */

/** undefined while nobody knows yet, null when nobody is signed in. */
export const session = signal(/** @type {Session | null | undefined} */ (undefined));
/** Whether a session ended while somebody worked; their drafts stay. */
export const wasSignedOut = signal(false);

export const me = computed(() => session.value?.staff ?? null);

onSignedOut.call = () => {
  if (session.value) wasSignedOut.value = true;
  session.value = null;
};

/** Called when somebody has signed out here; set by drafts.js. */
export const onLeft = { call: () => {} };

/** Asks who is signed in; leaves it open when the relay cannot be reached. */
export async function loadSession() {
  try {
    session.value = await get("/session");
  } catch (problem) {
    if (/** @type {import("./api.js").Problem} */ (problem).status === 401) session.value = null;
    else throw problem;
  }
}

/** Says so where it did not work: then whoever comes next is still this person. */
export async function signOut() {
  disconnect(); // nobody has to tell this page that its session ends
  try {
    await remove("/session");
  } catch (problem) {
    if (session.value) {
      connect();
      complain(problem);
      return;
    } // else it had ended already, and who leaves is gone all the same
  }
  wasSignedOut.value = false;
  session.value = null;
  onLeft.call();
}

const DESK = ["owner", "manager", "agent"];
const MANAGERS = ["owner", "manager"];
const MODERATORS = ["owner", "manager", "moderator"];

/** Act -> roles. The relay decides; this spares people what it would refuse. */
const MAY = /** @type {const} */ ({
  readThreads: [...DESK, "auditor"],
  answer: DESK,
  readCases: [...MODERATORS, "auditor"],
  decide: MODERATORS,
  readPosts: [...DESK, "auditor"],
  post: MANAGERS,
  readMembers: [...MANAGERS, "auditor"],
  changeMembers: MANAGERS,
  readCommunity: [...MANAGERS, "auditor"],
  changeCommunity: MANAGERS,
  found: ["owner"],
  people: ["owner"],
  readAudit: ["owner", "auditor"],
});

/** @typedef {keyof typeof MAY} Act */

/** @param {Act} act */
export function may(act) {
  const role = me.value?.role;
  return role !== undefined && /** @type {readonly string[]} */ (MAY[act]).includes(role);
}
