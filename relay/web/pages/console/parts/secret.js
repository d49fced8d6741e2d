// A secret that is shown once: to be copied now, and nowhere to be found later.

import { html, useId, useRef, useState } from "../view.js";
import { t } from "../words.js";
import { Icon } from "./icons.js";

/** @param {{ label: string, value: string, note?: string }} props */
export function Secret({ label, value, note = t("secret.once") }) {
  const id = useId();
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
    } catch {
      setCopied(false); // it is selected: the keys of the system copy it
    }
  };
  return html`<div class="field secret"><label for=${id}>${label}</label>
    <div class="secret-row"><input ref=${field} id=${id} type="text" readonly value=${value}
      onFocus=${() => field.current?.select()} />
      <button type="button" onClick=${copy}><${Icon} name=${isCopied ? "check" : "copy"} /><span aria-live="polite">
        ${isCopied ? t("copied") : t("copy")}</span></button></div>
    <p class="hint">${note}</p></div>`;
}
