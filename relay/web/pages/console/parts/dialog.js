// Dialogs: the browser's own, which keep the focus inside, close by Esc and give the focus back.

import { html, typed, useEffect, useId, useRef, useState } from "../view.js";
import { t } from "../words.js";
import { Icon } from "./icons.js";

/**
 * `isLight` closes by a click beside it: where nothing is typed, and nothing shown that is not to be seen again.
 * @param {{ title: string, onClose: () => void, children?: unknown, wide?: boolean, isLight?: boolean }} props
 */
export function Dialog({ title, onClose, children, wide = false, isLight = false }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => before instanceof HTMLElement && before.isConnected && before.focus();
  }, []);
  const beganOutside = useRef(false); // who selects a text and lets go beside the dialog has not clicked there
  const began = (/** @type {MouseEvent} */ event) => (beganOutside.current = event.target === element.current);
  const ended = (/** @type {MouseEvent} */ event) => {
    if (isLight && beganOutside.current && event.target === element.current) onClose();
  };
  return html`<dialog ref=${element} class=${wide ? "wide" : ""} aria-labelledby=${id} onClose=${onClose} onMouseDown=${began}
    onClick=${ended}>
    <div class="dialog-body">
      <header><h2 id=${id}>${title}</h2>
        <button type="button" class="plain square" onClick=${onClose} aria-label=${t("close")}><${Icon} name="close" /></button>
      </header>
      ${children}
    </div>
  </dialog>`;
}

/**
 * Asks before something that cannot be taken back; with `number` that has to be typed first.
 * @param {{ title: string, act: string, onAct: () => Promise<unknown>, onClose: () => void, children?: unknown,
 *   number?: string | undefined, numberLabel?: string, isGrave?: boolean }} props
 */
export function Confirm({ title, act, onAct, onClose, children, number, numberLabel = "", isGrave = false }) {
  const [given, setGiven] = useState("");
  const [isBusy, setBusy] = useState(false);
  const id = useId();
  const isReady = number === undefined || given.replace(/\D/g, "") === number;
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!isReady || isBusy) return;
    setBusy(true);
    await onAct();
    setBusy(false);
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${submit} class="stack">
      ${children}
      ${number !== undefined &&
      html`<div class="field"><label for=${id}>${numberLabel}</label>
        <input id=${id} type="text" inputmode="numeric" autocomplete="off" autofocus value=${given}
          onInput=${typed(setGiven)} /></div>`}
      <div class="actions">
        <button type="button" onClick=${onClose}>${t("cancel")}</button>
        <button type="submit" class=${isGrave ? "grave" : "main"} disabled=${!isReady || isBusy}>${act}</button>
      </div>
    </form>
  <//>`;
}
