// Staff: who works here, taken on with a link that is shown once, and their access ended at once.

import { Problem, all, newKey, post, remove } from "../api.js";
import { loadDesk } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { Confirm, Dialog } from "../parts/dialog.js";
import { SelectField, TextField } from "../parts/field.js";
import { Skeleton, Trouble, complain, faultAt, toast } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { Secret } from "../parts/secret.js";
import { useOnce } from "../once.js";
import { me } from "../session.js";
import { html, useState } from "../view.js";
import { date, t } from "../words.js";

/** @typedef {import("../wire.js").Person} Person */

const ROLES = /** @type {const} */ (["agent", "moderator", "manager", "owner", "auditor"]);

export function Staff() {
  const list = useLoaded(() => /** @type {Promise<Person[]>} */ (all("/staff")), []);
  const [isAdding, setAdding] = useState(false);
  const [ending, setEnding] = useState(/** @type {Person | null} */ (null));
  const [link, setLink] = useState(/** @type {{ name: string, link: string } | null} */ (null));
  const here = list.value?.filter((one) => one.removed_at === null);
  const relink = async (/** @type {Person} */ person) => {
    try {
      setLink({ name: person.name, link: await newLink(person.id) });
    } catch (problem) {
      complain(problem);
    }
  };
  const end = async () => {
    try {
      if (ending) await remove(`/staff/${ending.id}`);
      toast(t("staff.ended", { name: ending?.name ?? "" }));
      void list.reload();
    } catch (problem) {
      complain(problem);
    }
    setEnding(null);
  };
  const added = (/** @type {{ name: string, link: string }} */ made) => {
    setAdding(false);
    setLink(made);
    void list.reload();
    void loadDesk();
  };
  const add = html`<button type="button" class="main" onClick=${() => setAdding(true)}><${Icon} name="plus" />
    ${t("staff.add")}</button>`;
  return html`<${Sheet} title=${t("settings.staff")} why=${t("settings.staff.why")} acts=${add}>
    <${Trouble} problem=${list.problem} onRetry=${list.reload} />
    ${!here && !list.problem && html`<${Skeleton} rows=${3} />`}
    ${here && html`<ul class="cards">${here.map((one) => html`<li key=${one.id} class="card line"><div><p class="strong">
      ${one.name}${one.id === me.value?.id ? html` <span class="quiet">${t("that-is-you")}</span>` : ""}</p>
      <p class="quiet">${t(`role.${one.role}`)} · ${t("since", { time: date(one.created_at) })}</p></div>
      <div class="actions"><button type="button" onClick=${() => relink(one)}
        aria-label=${t("staff.link.of", { name: one.name })}>${t("staff.link")}</button>
        ${one.id !== me.value?.id && html`<button type="button" onClick=${() => setEnding(one)}
          aria-label=${t("staff.end.of", { name: one.name })}>${t("staff.end")}</button>`}</div></li>`)}</ul>`}
    ${isAdding && html`<${AddStaff} onClose=${() => setAdding(false)}
      onAdded=${added} />`}
    ${link && html`<${LinkSheet} name=${link.name} link=${link.link} onClose=${() => setLink(null)} />`}
    ${ending && html`<${Confirm} title=${t("staff.end.ask", { name: ending.name })} act=${t("staff.end")} isGrave onAct=${end}
      onClose=${() => setEnding(null)}><p>${t("staff.end.why")}</p><//>`}
  <//>`;
}

/** @param {string} person @returns {Promise<string>} */
async function newLink(person) {
  return (await post(`/staff/${person}/links`, {}, newKey())).link;
}

/** @param {{ name: string, link: string, onClose: () => void }} props */
export function LinkSheet({ name, link, onClose }) {
  return html`<${Dialog} title=${t("staff.link.for", { name })} onClose=${onClose}><p>${t("staff.link.why", { name })}</p>
    <${Secret} label=${t("staff.link")} value=${link} />
    <div class="actions"><button type="button" class="main" onClick=${onClose}>${t("done")}</button></div><//>`;
}

/** @param {{ onClose: () => void, onAdded: (made: { name: string, link: string }) => void }} props */
export function AddStaff({ onClose, onAdded }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("agent");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const send = useOnce();
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const made = await send("/staff", { name, role });
      onAdded({ name, link: made.link ?? (await newLink(made.id)) }); // it is told once, and that answer may have got lost
    } catch (caught) {
      setProblem(/** @type {Problem} */ (caught));
    }
  };
  return html`<${Dialog} title=${t("staff.add")} onClose=${onClose}><form class="stack" onSubmit=${submit}>
    ${problem && problem.status !== 409 && html`<${Trouble} problem=${problem} />`}
    <${TextField} label=${t("name")} value=${name} onValue=${setName} required autofocus maxlength="200"
      fault=${problem?.status === 409 ? t("staff.taken") : faultAt(problem, "name")} />
    <${SelectField} label=${t("role")} value=${role} onValue=${setRole} options=${ROLES.map((one) => [one, t(`role.${one}`)])}
      hint=${t(`role.${/** @type {"agent"} */ (role)}.may`)} />
    <div class="actions"><button type="button" onClick=${onClose}>${t("cancel")}</button><button type="submit" class="main">
      ${t("staff.add")}</button></div>
  </form><//>`;
}
