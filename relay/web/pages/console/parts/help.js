// The help sheet: the keys of this page, and the switch for who does not want single keys.

import { helpIsOpen, offered } from "../keys.js";
import { singleKeys } from "../prefs.js";
import { html } from "../view.js";
import { t } from "../words.js";
import { Dialog } from "./dialog.js";
import { CheckField } from "./field.js";
import { shown } from "./palette.js";

export function Help() {
  const keyed = offered.value.filter((one) => one.key !== undefined);
  return html`<${Dialog} title=${t("help")} isLight onClose=${() => (helpIsOpen.value = false)}>
    <dl class="keys">
      <div><dt><kbd>Ctrl</kbd> <kbd>K</kbd></dt><dd>${t("palette")}</dd></div>
      <div><dt><kbd>Ctrl</kbd> <kbd>Enter</kbd></dt><dd>${t("key.send")}</dd></div>
      ${keyed.map((one) => html`<div key=${one.name}><dt><kbd>${shown(one.key ?? "")}</kbd></dt><dd>${one.said}</dd></div>`)}
    </dl>
    <${CheckField} label=${t("single-keys")} hint=${t("single-keys.hint")} checked=${singleKeys.value === "on"}
      onChange=${(/** @type {boolean} */ on) => (singleKeys.value = on ? "on" : "off")} />
    <p><a href="/docs" target="_blank" rel="noopener">${t("reference")}</a></p>
  <//>`;
}
