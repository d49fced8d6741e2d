// Taking in by hand somebody who opted in elsewhere; the way in that they get is shown once.

import { newKey, post } from "../api.js";
import { community, slug } from "../desk.js";
import { Dialog } from "../parts/dialog.js";
import { SelectField, TextField } from "../parts/field.js";
import { Trouble, faultAt } from "../parts/feedback.js";
import { Secret } from "../parts/secret.js";
import { useOnce } from "../once.js";
import { html, useState } from "../view.js";
import { languageName, t } from "../words.js";

/** @param {string} member @returns {Promise<string>} */
async function newToken(member) {
  return (await post(`/members/${member}/tokens`, { kind: "web" }, newKey())).token;
}

/** @param {{ onClose: () => void, onAdded: (id: string) => void }} props */
export function AddMember({ onClose, onAdded }) {
  const [name, setName] = useState("");
  const [language, setLanguage] = useState(community.value?.language ?? "en");
  const [source, setSource] = useState("");
  const [version, setVersion] = useState("");
  const [made, setMade] = useState(/** @type {{ id: string, pseudonym: string, token: string } | null} */ (null));
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const send = useOnce();
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const body = { name, language, consent: { source, text_version: version } };
      const { id, pseudonym, token } = await send(`/communities/${slug.value}/members`, body);
      setMade({ id, pseudonym, token: token ?? (await newToken(id)) }); // it is told once, and that answer may have got lost
    } catch (caught) {
      setProblem(caught);
    }
  };
  if (made !== null)
    return html`<${Dialog} title=${t("member.added", { name: made.pseudonym })} onClose=${() => (onAdded(made.id), onClose())}>
      <p>${t("member.token.why")}</p><${Secret} label=${t("member.token")} value=${made.token} />
      <div class="actions"><button type="button" class="main" onClick=${() => (onAdded(made.id), onClose())}>
        ${t("done")}</button></div><//>`;
  return html`<${Dialog} title=${t("member.add")} onClose=${onClose}>
    <form class="stack" onSubmit=${submit}>
      <p>${t("member.add.why")}</p>
      <${Trouble} problem=${problem} />
      <${TextField} label=${t("name")} hint=${t("optional")} value=${name} onValue=${setName} autofocus maxlength="200"
        fault=${faultAt(problem, "name")} />
      <${SelectField} label=${t("language")} value=${language} onValue=${setLanguage}
        options=${["de", "en"].map((code) => [code, languageName(code)])} />
      <${TextField} label=${t("consent.source")} hint=${t("consent.source.hint")} value=${source} onValue=${setSource} required
        maxlength="200" fault=${faultAt(problem, "consent", "source")} />
      <${TextField} label=${t("consent.version")} hint=${t("consent.version.hint")} value=${version}
        onValue=${setVersion} required maxlength="200" fault=${faultAt(problem, "consent", "text_version")} />
      <div class="actions"><button type="button" onClick=${onClose}>${t("cancel")}</button><button type="submit" class="main">
        ${t("member.add")}</button></div>
    </form><//>`;
}
