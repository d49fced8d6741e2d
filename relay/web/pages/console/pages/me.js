// Oneself: language, scheme and keys of this browser, the passphrase, and where one is signed in.

import { all, post, remove } from "../api.js";
import { now } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { CheckField, Choice, TextField } from "../parts/field.js";
import { Skeleton, Trouble, complain, faultAt, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { SHORTEST } from "../passphrase.js";
import { density, scheme, singleKeys, startIsHidden } from "../prefs.js";
import { me, signOut } from "../session.js";
import { html, useState } from "../view.js";
import { ago, date, t } from "../words.js";
import { Languages, NewPassphrase } from "./door.js";

/** @typedef {import("../wire.js").OwnSession} OwnSession */

export function Me() {
  const [changes, setChanges] = useState(0);
  return html`<${Sheet} title=${me.value?.name ?? ""} why=${t(`role.${me.value?.role ?? "agent"}`)}
    acts=${html`<button type="button" onClick=${signOut}>${t("sign-out")}</button>`}>
    <section class="card stack" aria-label=${t("me.browser")}><h3>${t("me.browser")}</h3>
      <${Languages} />
      <${Choice} label=${t("scheme")} value=${scheme.value}
        options=${[["system", t("scheme.system")], ["light", t("scheme.light")], ["dark", t("scheme.dark")]]}
        onValue=${(/** @type {"system" | "light" | "dark"} */ value) => (scheme.value = value)} />
      <${Choice} label=${t("density")} value=${density.value}
        options=${[["comfortable", t("density.comfortable")], ["compact", t("density.compact")]]}
        onValue=${(/** @type {"comfortable" | "compact"} */ value) => (density.value = value)} />
      <${CheckField} label=${t("single-keys")} hint=${t("single-keys.hint")} checked=${singleKeys.value === "on"}
        onChange=${(/** @type {boolean} */ on) => (singleKeys.value = on ? "on" : "off")} />
      <${CheckField} label=${t("start.shown")} checked=${startIsHidden.value === "shown"}
        onChange=${(/** @type {boolean} */ on) => (startIsHidden.value = on ? "shown" : "hidden")} />
    </section>
    <${Passphrase} onChanged=${() => setChanges(changes + 1)} />
    <${Sessions} key=${changes} />
  <//>`;
}

/** @param {OwnSession} session */
function line(session) {
  return t("session.line", { since: date(session.created_at), seen: ago(session.seen_at, now.value) });
}

/** @param {{ onChanged: () => void }} props */
function Passphrase({ onChanged }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../api.js").Problem | null} */ (null));
  const change = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await post("/session/passphrase", { old, new: fresh });
      toast(t("passphrase.changed"));
      setOld("");
      setFresh("");
      setProblem(null);
      onChanged();
    } catch (caught) {
      setProblem(/** @type {import("../api.js").Problem} */ (caught));
    }
  };
  return html`<section class="card" aria-label=${t("passphrase")}><h3>${t("passphrase")}</h3>
    <form class="stack" onSubmit=${change}>
    ${problem && !faultAt(problem, "old") && !faultAt(problem, "new") && html`<${Trouble} problem=${problem} />`}
    <input type="text" hidden autocomplete="username" value=${me.value?.name ?? ""} readonly />
    <${TextField} label=${t("passphrase.old")} type="password" autocomplete="current-password" value=${old}
      onValue=${setOld} required fault=${faultAt(problem, "old") && t("passphrase.not-yours")} />
    <${NewPassphrase} value=${fresh} onValue=${setFresh} name=${me.value?.name ?? ""}
      fault=${faultAt(problem, "new") && t("passphrase.refused")} />
    <div class="actions"><button type="submit" disabled=${!old || fresh.length < SHORTEST}>
      ${t("passphrase.change")}</button></div>
  </form></section>`;
}

function Sessions() {
  const found = useLoaded(() => /** @type {Promise<OwnSession[]>} */ (all("/sessions")), []);
  const end = async (/** @type {OwnSession} */ one) => {
    try {
      await remove(`/sessions/${one.id}`);
      toast(t("session.ended"));
      void found.reload();
    } catch (problem) {
      complain(problem);
    }
  };
  return html`<section class="card" aria-label=${t("sessions")}><h3>${t("sessions")}</h3>
    <p class="quiet">${t("sessions.why")}</p>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.value && !found.problem && html`<${Skeleton} rows=${2} />`}
    <ul class="plain-list">${found.value?.map((one) => html`<li key=${one.id}>
      <${Icon} name=${one.is_current ? "check" : "person"} />
      <span class="grow"><span class="strong">${one.browser || t("session.unknown")}</span>
        ${one.is_current ? html` <span class="quiet">${t("session.this")}</span>` : ""}<br />
        <span class="quiet">${line(one)}</span></span>
      ${!one.is_current && html`<button type="button" onClick=${() => end(one)}
        aria-label=${t("session.end.of", { browser: one.browser })}>${t("session.end")}</button>`}</li>`)}</ul>
  </section>`;
}
