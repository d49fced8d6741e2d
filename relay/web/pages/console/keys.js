// Commands and the keys that call them. A page offers commands while it is there; the palette and the help sheet show them all.

import { signal, useLayoutEffect, useRef } from "./view.js";
import { singleKeys } from "./prefs.js";

/**
 * @typedef {{ name: string, said: string, run: () => unknown, key?: string }} Command
 *   `name` is unique, `said` is in the language of the page, `key` a single key, in small letters
 */

export const offered = signal(/** @type {Command[]} */ ([]));
export const paletteIsOpen = signal(false);
export const helpIsOpen = signal(false);

/**
 * Offers commands for as long as the caller is shown, from the moment at which it is: a key that is pressed at once is heard.
 * What they do is what the caller was last drawn with.
 * @param {Command[]} commands @param {unknown[]} on what their names and keys depend on
 */
export function useCommands(commands, on) {
  const latest = useRef(commands);
  latest.current = commands;
  useLayoutEffect(() => {
    const mine = commands.map((one) => ({ ...one, run: () => latest.current.find(({ name }) => name === one.name)?.run() }));
    offered.value = [...offered.value, ...mine];
    return () => (offered.value = offered.value.filter((one) => !mine.includes(one)));
  }, on);
}

const WALKING = ["j", "k"]; // a key that is held goes on with these alone: all else is done once, to what is in sight
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

/** @param {KeyboardEvent} event */
function pressed(event) {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!event.repeat) paletteIsOpen.value = !paletteIsOpen.value;
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.key === "Escape") {
    if (target.matches(TYPING) && target instanceof HTMLElement) target.blur();
    else offered.value.findLast((one) => one.key === "escape")?.run();
    return;
  }
  if (singleKeys.value === "off" || target.matches(TYPING)) return;
  const key = event.key.toLowerCase();
  const command = offered.value.findLast((one) => one.key === key);
  if (command === undefined) return;
  event.preventDefault();
  if (!event.repeat || WALKING.includes(key)) command.run();
}

addEventListener("keydown", pressed);
