// The palette: every command of this moment, found by typing; Ctrl-K opens it.

import { offered, paletteIsOpen } from "../keys.js";
import { html, useLayoutEffect, useState } from "../view.js";
import { t } from "../words.js";
import { Dialog } from "./dialog.js";

const close = () => void (paletteIsOpen.value = false);

export function Palette() {
  const [text, setText] = useState("");
  const [place, setPlace] = useState(0);
  const wanted = text.toLowerCase().split(/\s+/);
  const fits = (/** @type {string} */ said) => wanted.every((part) => said.toLowerCase().includes(part));
  const found = offered.value.filter((one) => one.key !== "escape" && fits(one.said));
  const at = Math.min(place, found.length - 1);
  useLayoutEffect(() => document.getElementById(`palette-${at}`)?.scrollIntoView({ block: "nearest" }));
  const run = (/** @type {number} */ which) => {
    close();
    queueMicrotask(() => found[which]?.run());
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) setPlace((at + step + found.length) % Math.max(found.length, 1));
    else if (event.key === "Enter") run(at);
    else return;
    event.preventDefault();
  };
  const typed = (/** @type {InputEvent} */ event) => {
    setText(/** @type {HTMLInputElement} */ (event.currentTarget).value);
    setPlace(0);
  };
  return html`<${Dialog} title=${t("palette")} isLight onClose=${close}>
    <input type="text" role="combobox" aria-label=${t("palette.find")} aria-expanded="true"
      aria-controls="palette-list" autofocus
      autocomplete="off" aria-activedescendant=${found[at] ? `palette-${at}` : undefined} placeholder=${t("palette.find")}
      value=${text} onInput=${typed} onKeyDown=${pressed} />
    <ul id="palette-list" role="listbox" class="palette" aria-label=${t("palette")}>
      ${found.map(
        (one, which) => html`<li key=${one.name} id=${`palette-${which}`} role="option"
          aria-selected=${which === at ? "true" : "false"}
          onClick=${() => run(which)}>${one.said}${one.key && html`<kbd>${shown(one.key)}</kbd>`}</li>`,
      )}
    </ul>
    ${found.length === 0 && html`<p class="quiet" role="status">${t("palette.none")}</p>`}
  <//>`;
}

/** @param {string} key */
export function shown(key) {
  return key === "escape" ? "Esc" : key.toUpperCase();
}
