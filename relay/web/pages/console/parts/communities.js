// The way from one community to another, for who looks after several.

import { communities, slug } from "../desk.js";
import { go } from "../route.js";
import { html } from "../view.js";
import { t } from "../words.js";

/** @param {{ page: string }} props where it leads in the other community */
export function Communities({ page }) {
  const all = communities.value ?? [];
  if (all.length < 2) return null;
  const change = (/** @type {Event} */ event) => go(/** @type {HTMLSelectElement} */ (event.currentTarget).value, page);
  return html`<label class="communities"><span class="unseen">${t("community")}</span>
    <select onChange=${change} value=${slug.value}>
      ${all.map((one) => html`<option key=${one.slug} value=${one.slug} selected=${one.slug === slug.value}>
        ${one.name}</option>`)}
    </select>
  </label>`;
}
