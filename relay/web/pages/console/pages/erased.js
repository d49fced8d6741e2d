// Erasure, where somebody is looking: what is open of the member goes from the screen at once.

import { listen } from "../live.js";
import { useEffect } from "../view.js";

/** @param {string | undefined} member @param {() => unknown} leave */
export function useErased(member, leave) {
  useEffect(
    () => listen((event) => event?.event === "member.erased" && event.member === member && leave()),
    [member],
  );
}
