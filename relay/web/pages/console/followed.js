// The one-time link that was followed here, also into a tab that is open: there what lies behind # changes, and nothing loads.

import { signal } from "@preact/signals";

/** Its secret; used up, it is forgotten. */
export const followed = signal(/** @type {string | null} */ (null));

/** It leaves the address at once, so that no screenshot and no history keeps it. @param {string} back */
function take(back) {
  const secret = new URLSearchParams(location.hash.slice(1)).get("link");
  if (secret === null) return false;
  history.replaceState(null, "", back);
  followed.value = secret;
  return true;
}

take(location.pathname);
// This file is read before route.js, so that the page stays where it was.
addEventListener("hashchange", (event) => void (take(event.oldURL) && event.stopImmediatePropagation()));
