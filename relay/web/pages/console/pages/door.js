// The door: signing in by name and passphrase, or by a one-time link that also sets them.

import { post } from "../api.js";
import { followed } from "../followed.js";
import { SHORTEST, strength } from "../passphrase.js";
import { language } from "../prefs.js";
import { Choice, TextField } from "../parts/field.js";
import { Confirm } from "../parts/dialog.js";
import { Skeleton, Trouble, faultAt } from "../parts/feedback.js";
import { Sign } from "../parts/icons.js";
import { me, session, signOut, wasSignedOut } from "../session.js";
import { html, useEffect, useState } from "../view.js";
import { t } from "../words.js";

/**
 * @typedef {import("../wire.js").LinkLook} LinkLook
 * @typedef {import("../api.js").Problem} Problem
 */

const TAKEN = 409;

export function Door() {
  const link = followed.value;
  useEffect(() => {
    document.title = `${t("sign-in")} · Four Eyes`;
  });
  return html`<main class="door">
    <div class="door-sheet">
      <p class="door-sign"><${Sign} />Four Eyes</p>
      ${link === null ? html`<${ByName} />` : html`<${ByLink} key=${link} link=${link} />`}
    </div>
    <${Languages} />
  </main>`;
}

/** The language of this browser. */
export function Languages() {
  return html`<${Choice} label=${t("language")} value=${language.value} options=${[["de", "Deutsch"], ["en", "English"]]}
    onValue=${(/** @type {"de" | "en"} */ value) => (language.value = value)} />`;
}

function ByName() {
  const [name, setName] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      session.value = await post("/sign-in", { name, passphrase });
      wasSignedOut.value = false;
    } catch (caught) {
      setProblem(/** @type {Problem} */ (caught));
    }
    setBusy(false);
  };
  return html`<form class="stack" onSubmit=${submit}>
    <h1>${t("sign-in")}</h1>
    ${wasSignedOut.value && html`<p class="remark" role="status">${t("sign-in.ended")}</p>`}
    ${problem?.status === 401 && html`<p class="fault" role="alert">${t("sign-in.wrong")}</p>`}
    ${problem && problem.status !== 401 && html`<${Trouble} problem=${problem} />`}
    <${TextField} label=${t("name")} value=${name} onValue=${setName} autocomplete="username" required autofocus />
    <${TextField} label=${t("passphrase")} value=${passphrase} onValue=${setPassphrase} type="password"
      autocomplete="current-password" required />
    <button type="submit" class="main" disabled=${isBusy}>${t("sign-in")}</button>
    <p class="hint">${t("sign-in.forgotten")}</p>
  </form>`;
}

/** Whether somebody who is signed in leaves for a link that lets another one in. */
export function Leaving() {
  const drop = () => (followed.value = null);
  return html`<${Confirm} title=${t("link.ask")} act=${t("link.follow")} onAct=${signOut}
    onClose=${drop}><p>${t("link.ask.why", { name: me.value?.name ?? "" })}</p><//>`;
}

const DEAD = [401, 404, 410, 422]; // what is no link, or none any more

/** @param {{ link: string }} props */
function ByLink({ link }) {
  const [look, setLook] = useState(/** @type {LinkLook | null} */ (null));
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const ask = () => {
    setProblem(null);
    void post("/sign-in:look", { link }).then(setLook, setProblem);
  };
  useEffect(ask, []);
  if (problem) {
    const isDead = DEAD.includes(problem.status);
    return html`<div class="stack"><h1>${isDead ? t("link.dead") : t("sign-in")}</h1>
      ${isDead ? html`<p>${t("link.dead.means")}</p>` : html`<${Trouble} problem=${problem} onRetry=${ask} />`}
      <button type="button" onClick=${() => (followed.value = null)}>${t("link.by-name")}</button></div>`;
  }
  return look === null ? html`<${Skeleton} rows=${3} />` : html`<${Welcome} link=${link} look=${look} />`;
}

/** @param {{ link: string, look: LinkLook }} props */
function Welcome({ link, look }) {
  const [name, setName] = useState(look.staff.role === "owner" && !look.has_passphrase ? "" : look.staff.name);
  const [passphrase, setPassphrase] = useState("");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const begun = await post("/sign-in:link", { link, name, passphrase });
      followed.value = null;
      session.value = begun;
      wasSignedOut.value = false;
    } catch (caught) {
      setProblem(/** @type {Problem} */ (caught));
      setBusy(false);
    }
  };
  const kind = look.has_passphrase ? "again" : look.staff.role === "owner" ? "owner" : "welcome";
  return html`<form class="stack" onSubmit=${submit}>
    <h1>${t(`link.${kind}`)}</h1>
    <p>${t(`link.${kind}.why`)}</p>
    ${problem && !isOfField(problem) && html`<${Trouble} problem=${problem} />`}
    <${TextField} label=${t("your-name")} hint=${t("your-name.hint")} value=${name} onValue=${setName} autocomplete="username"
      fault=${problem?.status === TAKEN ? t("staff.taken") : faultAt(problem, "name")} required autofocus />
    <${NewPassphrase} value=${passphrase} onValue=${setPassphrase} name=${name}
      fault=${faultAt(problem, "passphrase") && t("passphrase.refused")} />
    <button type="submit" class="main" disabled=${isBusy || passphrase.length < SHORTEST}>${t("link.act")}</button>
  </form>`;
}

/** Whether it is told beside a field. @param {Problem} problem */
function isOfField(problem) {
  return problem.status === TAKEN || faultAt(problem, "name") !== undefined || faultAt(problem, "passphrase") !== undefined;
}

const STRENGTHS = /** @type {const} */ (["strength.weak", "strength.fair", "strength.good", "strength.strong"]);

/**
 * A field for a new passphrase that can be looked at, with its meter.
 * @param {{ value: string, onValue: (value: string) => void, name: string, fault?: string | undefined }} props
 */
export function NewPassphrase({ value, onValue, name, fault }) {
  const [isShown, setShown] = useState(false);
  const step = strength(value, name);
  const tail = html`<div class="strength" data-step=${value === "" ? "none" : step}>
      <div role="meter" aria-label=${t("strength")} aria-valuemin="0" aria-valuemax="3" aria-valuenow=${step}
        aria-valuetext=${t(STRENGTHS[step] ?? "strength.weak")}><span></span><span></span><span></span><span></span></div>
      <span aria-hidden="true">${value === "" ? "" : t(STRENGTHS[step] ?? "strength.weak")}</span>
      <button type="button" class="plain" onClick=${() => setShown(!isShown)} aria-pressed=${isShown ? "true" : "false"}>
        ${isShown ? t("passphrase.hide") : t("passphrase.show")}</button>
    </div>`;
  return html`<${TextField} label=${t("passphrase.new")} hint=${t("passphrase.hint", { count: SHORTEST })} value=${value}
    onValue=${onValue}
    type=${isShown ? "text" : "password"} autocomplete="new-password" minlength=${SHORTEST} required fault=${fault}
      tail=${tail} />`;
}
