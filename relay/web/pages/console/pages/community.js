// The settings of a community, and the founding of a new one.

import { Problem, get, patch } from "../api.js";
import { loadDesk, slug } from "../desk.js";
import { useLoaded } from "../loaded.js";
import { AreaField, SelectField, TextField } from "../parts/field.js";
import { Skeleton, Trouble, faultAt, toast } from "../parts/feedback.js";
import { Sheet } from "../parts/page.js";
import { useOnce } from "../once.js";
import { go } from "../route.js";
import { may } from "../session.js";
import { html, useEffect, useState } from "../view.js";
import { languageName, t } from "../words.js";

/** @typedef {import("../wire.js").Community} Community */

const LANGUAGES = ["de", "en", "fr", "it", "es", "nl", "pl", "tr", "uk"];
const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Every zone there is, the usual one first. */
function zones() {
  return [...new Set([OWN_ZONE, "UTC", ...Intl.supportedValuesOf("timeZone")])];
}

export function About() {
  const here = slug.value;
  const found = useLoaded(() => /** @type {Promise<Community>} */ (get(`/communities/${here}`)), [here]);
  const [draft, setDraft] = useState(/** @type {Community | null} */ (null));
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  useEffect(() => setDraft(found.value ?? null), [found.value]);
  if (draft === null) return html`<${Sheet} title=${t("settings.community")}>
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!found.problem && html`<${Skeleton} kind="text" rows=${6} />`}<//>`;
  const change = (/** @type {Partial<Community>} */ part) => setDraft({ ...draft, ...part });
  const mayChange = may("changeCommunity");
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { name, language, time_zone, imprint, privacy_url } = draft;
    try {
      found.set(await patch(`/communities/${here}`, { name, language, time_zone, imprint, privacy_url }));
      setProblem(null);
      toast(t("saved"));
      await loadDesk();
    } catch (caught) {
      setProblem(caught);
    }
  };
  return html`<${Sheet} title=${t("settings.community")} why=${t("settings.community.why")}>
    <form class="stack card" onSubmit=${save}>
      <${Trouble} problem=${problem} />
      <fieldset class="bare" disabled=${!mayChange}>
        <${TextField} label=${t("community.name")} value=${draft.name} required maxlength="200"
          onValue=${(/** @type {string} */ name) => change({ name })} fault=${faultAt(problem, "name")} />
        <div class="columns">
          <${LanguageField} value=${draft.language} onValue=${(/** @type {string} */ language) => change({ language })} />
          <${SelectField} label=${t("time-zone")} value=${draft.time_zone}
            options=${[...new Set([draft.time_zone, ...zones()])].map((zone) => [zone, zone])}
            onValue=${(/** @type {string} */ time_zone) => change({ time_zone })} />
        </div>
        <${AreaField} label=${t("imprint")} hint=${t("imprint.hint")} rows="5" value=${draft.imprint} maxlength="4000"
          onValue=${(/** @type {string} */ imprint) => change({ imprint })} fault=${faultAt(problem, "imprint")} />
        <${TextField} label=${t("privacy")} hint=${t("privacy.hint")} type="url" placeholder="https://"
          value=${draft.privacy_url} onValue=${(/** @type {string} */ privacy_url) => change({ privacy_url })}
          fault=${faultAt(problem, "privacy_url") && t("privacy.fault")} />
      </fieldset>
      ${mayChange && html`<div class="actions"><button type="submit" class="main">${t("save")}</button></div>`}
    </form><//>`;
}

/** @param {{ value: string, onValue: (value: string) => void }} props */
function LanguageField({ value, onValue }) {
  const codes = [...new Set([value, ...LANGUAGES])];
  return html`<${SelectField} label=${t("language")} value=${value} options=${codes.map((code) => [code, languageName(code)])}
    onValue=${onValue} />`;
}

/** Only letters, digits and inner hyphens; umlauts as they are written without. @param {string} name */
export function slugOf(name) {
  const plain = name.toLowerCase().replace(/ä/g, "ae").replace(/ö/g, "oe").replace(/ü/g, "ue").replace(/ß/g, "ss");
  const ascii = plain.normalize("NFKD").replace(/\p{M}/gu, "");
  return ascii.replace(/[^a-z0-9]+/g, "-").slice(0, 40).replace(/^-+|-+$/g, "");
}

export function NewCommunity() {
  return html`<${Sheet} title=${t("settings.new")} why=${t("community.why")}><div class="card">
    <${FoundForm} onFound=${(/** @type {string} */ made) => go(made, "settings", "community")} /></div><//>`;
}

/** @param {{ onFound: (slug: string) => void }} props */
export function FoundForm({ onFound }) {
  const [name, setName] = useState("");
  const [given, setGiven] = useState("");
  const [language, setLanguage] = useState(document.documentElement.lang);
  const [imprint, setImprint] = useState("");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const send = useOnce();
  const made = given || slugOf(name);
  const isTaken = problem?.status === 409;
  const found = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await send("/communities", { slug: made, name, language, time_zone: OWN_ZONE, imprint });
      await loadDesk();
      onFound(made);
    } catch (caught) {
      setProblem(/** @type {Problem} */ (caught));
    }
  };
  return html`<form class="stack" onSubmit=${found}>
    ${!isTaken && html`<${Trouble} problem=${problem} />`}
    <${TextField} label=${t("community.name")} hint=${t("community.name.hint")} value=${name} onValue=${setName} required
      maxlength="200" />
    <div class="columns">
      <${TextField} label=${t("community.slug")} hint=${t("community.slug.hint", { address: `/c/${made || "…"}` })}
        value=${made} maxlength="40"
        onValue=${(/** @type {string} */ text) => setGiven(slugOf(text))}
          fault=${isTaken ? t("community.slug.taken") : undefined} required />
      <${LanguageField} value=${language} onValue=${setLanguage} />
    </div>
    <${AreaField} label=${t("imprint")} hint=${t("imprint.later")} rows="3" value=${imprint} onValue=${setImprint}
      maxlength="4000" />
    <div class="actions"><button type="submit" class="main" disabled=${made === ""}>${t("community.found")}</button></div>
  </form>`;
}
