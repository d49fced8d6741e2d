// Keys of company systems: named, with the scopes they need and no more, shown once, revoked at once.

import { all, remove } from "../api.js";
import { nameOf } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Confirm, Dialog } from "../parts/dialog.js";
import { CheckField, SelectField, TextField } from "../parts/field.js";
import { Empty, Skeleton, Trouble, complain, faultAt, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { Secret } from "../parts/secret.js";
import { useOnce } from "../once.js";
import { html, useState } from "../view.js";
import { date, t } from "../words.js";

/** @typedef {import("../wire.js").Key} Key */

const SCOPES = /** @type {const} */ ([
  "posts:write", "posts:read", "members:write", "members:read", "threads:write", "threads:read", "cases:write", "cases:read",
  "communities:read", "plugins:read",
]);
const DAYS = ["", "30", "90", "365"];
const DAY = 86_400_000; // ms

export function Keys() {
  const list = useLoaded(() => /** @type {Promise<Key[]>} */ (all("/keys")), []);
  const [isAdding, setAdding] = useState(false);
  const [ending, setEnding] = useState(/** @type {Key | null} */ (null));
  const [made, setMade] = useState(/** @type {{ name: string, token: string } | null} */ (null));
  const good = list.value?.filter((one) => one.revoked_at === null);
  const end = async () => {
    try {
      if (ending) await remove(`/keys/${ending.id}`);
      toast(t("key.ended", { name: ending?.name ?? "" }));
      void list.reload();
    } catch (problem) {
      complain(problem);
    }
    setEnding(null);
  };
  const added = (/** @type {string} */ name, /** @type {string | null} */ token) => {
    setAdding(false);
    if (token === null) toast(t("key.lost", { name }), true);
    else setMade({ name, token });
    void list.reload();
  };
  const add = html`<button type="button" class="main" onClick=${() => setAdding(true)}><${Icon} name="plus" />
    ${t("key.add")}</button>`;
  return html`<${Sheet} title=${t("settings.keys")} why=${t("settings.keys.why")} acts=${add}>
    <${Trouble} problem=${list.problem} onRetry=${list.reload} />
    ${!good && !list.problem && html`<${Skeleton} rows=${3} />`}
    ${good?.length === 0 && html`<${Empty} icon="key" title=${t("keys.none")} why=${t("keys.none.why")} />`}
    ${good && good.length > 0 && html`<ul class="cards">${good.map((one) => html`<li key=${one.id} class="card line"><div>
      <p class="strong">${one.name}</p>
      <p><code>${one.scopes.join("  ")}</code></p>
      <p class="quiet">${about(one).join(" · ")}</p></div>
      <div class="actions"><button type="button" onClick=${() => setEnding(one)}
        aria-label=${t("key.end.of", { name: one.name })}>${t("key.end")}</button></div></li>`)}</ul>`}
    ${isAdding && html`<${AddKey} onClose=${() => setAdding(false)} onAdded=${added} />`}
    ${made && html`<${Dialog} title=${t("key.made", { name: made.name })} onClose=${() => setMade(null)}><p>
      ${t("key.made.why")}</p>
      <${Secret} label=${t("key")} value=${made.token} /><div class="actions">
        <button type="button" class="main" onClick=${() => setMade(null)}>${t("done")}</button></div><//>`}
    ${ending && html`<${Confirm} title=${t("key.end.ask", { name: ending.name })} act=${t("key.end")} isGrave onAct=${end}
      onClose=${() => setEnding(null)}><p>${t("key.end.why")}</p><//>`}
  <//>`;
}

/** Who issued it and when, and until when it is good. @param {Key} key */
function about(key) {
  const by = t("key.by", { name: nameOf(key.created_by) || t("team"), time: date(key.created_at) });
  return key.expires_at ? [by, t("until", { time: date(key.expires_at) })] : [by];
}

/**
 * A token is told once: it is null where the answer that held it got lost, and this one only says that it was done.
 * @param {{ onClose: () => void, onAdded: (name: string, token: string | null) => void }} props
 */
function AddKey({ onClose, onAdded }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState(/** @type {string[]} */ (["posts:write"]));
  const [days, setDays] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const send = useOnce();
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const expires_at = days ? new Date(Date.now() + Number(days) * DAY).toISOString() : null;
    try {
      const made = await send("/keys", { name, scopes, ...(expires_at && { expires_at }) }, { name, scopes, days });
      onAdded(name, made.token);
    } catch (caught) {
      setProblem(caught);
    }
  };
  const set = (/** @type {string} */ scope, /** @type {boolean} */ on) =>
    setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope));
  return html`<${Dialog} title=${t("key.add")} onClose=${onClose} wide><form class="stack" onSubmit=${submit}>
    <${Trouble} problem=${problem} />
    <div class="columns"><${TextField} label=${t("key.name")} value=${name} onValue=${setName} required autofocus
      maxlength="200" placeholder=${t("key.name.hint")} fault=${faultAt(problem, "name")} />
      <${SelectField} label=${t("key.until")} value=${days} onValue=${setDays}
        options=${DAYS.map((count) => [count, count ? t("days", { n: Number(count) }) : t("key.always")])} /></div>
    <fieldset><legend>${t("key.scopes")}</legend><div class="checks">
      ${SCOPES.map((scope) => html`<${CheckField} key=${scope} label=${scope} hint=${t(`scope.${scope}`)}
      checked=${scopes.includes(scope)} onChange=${(/** @type {boolean} */ on) => set(scope, on)} />`)}</div></fieldset>
    <div class="actions"><button type="button" onClick=${onClose}>${t("cancel")}</button>
      <button type="submit" class="main" disabled=${scopes.length === 0}>${t("key.add")}</button></div>
  </form><//>`;
}
