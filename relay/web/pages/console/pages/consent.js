// The consent text: what people agree to when they join, by language; a change is a new version, the old ones stay proof.

import { all, put } from "../api.js";
import { community, slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { AreaField, Choice } from "../parts/field.js";
import { Skeleton, Trouble, toast } from "../parts/feedback.js";
import { Sheet } from "../parts/page.js";
import { html, useEffect, useState } from "../view.js";
import { languageName, t } from "../words.js";

/** @typedef {import("../wire.js").ConsentText} ConsentText */

export function ConsentTexts() {
  const here = slug.value;
  const found = useLoaded(() => /** @type {Promise<ConsentText[]>} */ (all(`/communities/${here}/consent`)), [here]);
  const [language, setLanguage] = useState(community.value?.language === "de" ? "de" : "en");
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const present = found.value?.find((one) => one.language === language);
  useEffect(() => setText(present?.text ?? ""), [present]);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await put(`/communities/${here}/consent`, { language, text });
      setProblem(null);
      toast(t("consent.saved"));
      void found.reload();
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<${Sheet} title=${t("settings.consent")} why=${t("settings.consent.why")}>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.value && !found.problem && html`<${Skeleton} kind="text" rows=${5} />`}
    ${found.value && html`<form class="stack card" onSubmit=${save}>
      <${Trouble} problem=${problem} />
      <${Choice} label=${t("language")} value=${language} onValue=${setLanguage}
        options=${["de", "en"].map((code) => [code, languageName(code)])} />
      <${AreaField} label=${t("consent.text")}
        hint=${present ? t("consent.present", { version: present.version }) : t("consent.default")} rows="7" value=${text}
        onValue=${setText} required maxlength="4000" />
      <div class="actions"><button type="submit" class="main" disabled=${!text.trim() || text === present?.text}>
        ${t("consent.save")}</button></div>
    </form>`}<//>`;
}
