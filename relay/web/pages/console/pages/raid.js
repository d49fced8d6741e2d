// Raid mode: a banner above the cases while it is on, and the way to end it.

import { get, remove } from "../api.js";
import { slug } from "../desk.js";
import { useLoaded, useNews } from "../loaded.js";
import { complain, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { html } from "../view.js";
import { clock, t } from "../words.js";

/** @typedef {import("../wire.js").Raid} Raid */

/** @param {{ mayEnd: boolean }} props */
export function RaidBanner({ mayEnd }) {
  const here = slug.value;
  const found = useLoaded(() => /** @type {Promise<Raid>} */ (get(`/communities/${here}/raid`)), [here]);
  useNews(found.reload, (event) => event.event.startsWith("case."));
  const raid = found.value;
  if (!raid?.is_on || !raid.began_at || !raid.ends_at) return null;
  const end = async () => {
    try {
      await remove(`/communities/${here}/raid`);
      toast(t("raid.ended"));
    } catch (problem) {
      complain(problem);
    }
    found.reload();
  };
  return html`<section class="remark raid" aria-label=${t("raid")}><${Icon} name="warn" />
    <p>${t("raid.why", { since: clock(raid.began_at), until: clock(raid.ends_at) })}
      ${mayEnd && html` <button type="button" class="link" onClick=${end}>${t("raid.end")}</button>`}</p></section>`;
}
