// Replay: another configuration is tried on what members wrote. The relay judges it again beside its work; nothing is changed.

import { get, remove } from "../api.js";
import { nameOf, slug } from "../desk.js";
import { useLoaded, useNews } from "../loaded.js";
import { useOnce } from "../once.js";
import { AreaField, SelectField } from "../parts/field.js";
import { Empty, Skeleton, Trouble, complain, faultAt } from "../parts/feedback.js";
import { Icon } from "../parts/icons.js";
import { Sheet } from "../parts/page.js";
import { may } from "../session.js";
import { html, useId, useState } from "../view.js";
import { dateTime, number, t, translated } from "../words.js";
import { Found } from "./replayed.js";

/** @typedef {import("../wire.js").Replay} Replay */

const DAYS = /** @type {const} */ (["1", "7", "30", "90"]);
const DAY = 86_400_000; // ms
const LOOK_EVERY = 1500; // ms between two looks at how far it is
const LARGEST = 65_536; // characters, as the relay takes them
const EXAMPLE = '[moderation]\nhold = 5.0\n\n[plugins.words]\nadd = ["..."]\n\n[plugins.flood]';

export function Replays() {
  const here = `/communities/${slug.value}/moderation:replay`;
  const found = useLoaded(() => /** @type {Promise<Replay>} */ (get(here)), [here]);
  const job = found.value;
  const isRunning = job?.state === "running";
  useNews(found.reload, () => false, isRunning ? LOOK_EVERY : 0);
  const end = async () => {
    try {
      await remove(here);
    } catch (problem) {
      complain(problem);
    }
    await found.reload();
  };
  return html`<${Sheet} title=${t("settings.replay")} why=${t("settings.replay.why")}>
    ${may("changeCommunity") && html`<${Ask} path=${here} isRunning=${isRunning} onAsked=${found.set} />`}
    <${Trouble} problem=${found.problem} onRetry=${found.reload} />
    ${!job && !found.problem && html`<${Skeleton} rows=${3} />`}
    ${job?.state === "none" && html`<${Empty} icon="again" title=${t("replay.none")} why=${t("replay.none.why")} />`}
    ${job && job.state !== "none" && html`<section class="stack replay" aria-label=${t("replay.state")}>
      <${Told} job=${job} onEnd=${end} />
      ${job.found && html`<${Found} found=${job.found} />`}</section>`}
  <//>`;
}

/** @param {{ path: string, isRunning: boolean, onAsked: (job: Replay) => void }} props */
function Ask({ path, isRunning, onAsked }) {
  const [config, setConfig] = useState("");
  const [days, setDays] = useState(/** @type {string} */ ("7"));
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  const once = useOnce();
  const ask = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const since = new Date(Date.now() - Number(days) * DAY).toISOString();
    try {
      onAsked(await once(path, { config, since }, { config, days }));
      setProblem(null);
    } catch (caught) {
      setProblem(caught);
    }
  };
  const fault = faultAt(problem, "config");
  return html`<form class="stack card" onSubmit=${ask}>
    ${!fault && html`<${Trouble} problem=${problem} />`}
    <${AreaField} label=${t("replay.config")} hint=${t("replay.config.hint")} fault=${fault} value=${config} rows="10"
      onValue=${setConfig} class="code" dir="ltr" spellcheck="false" maxlength=${LARGEST} placeholder=${EXAMPLE} required />
    <${FromFile} onText=${setConfig} />
    <${SelectField} label=${t("replay.since")} value=${days} onValue=${setDays}
      options=${DAYS.map((count) => [count, t("days", { n: Number(count) })])} />
    <div class="actions"><button type="submit" class="main" disabled=${isRunning}>${t("replay.act")}</button></div>
  </form>`;
}

/** @param {{ onText: (text: string) => void }} props */
function FromFile({ onText }) {
  const id = useId();
  const [isLarge, setLarge] = useState(false);
  const read = async (/** @type {Event} */ event) => {
    const field = /** @type {HTMLInputElement} */ (event.currentTarget);
    const file = field.files?.[0];
    if (!file) return;
    setLarge(file.size > LARGEST);
    if (file.size <= LARGEST) onText(await file.text());
    field.value = ""; // the same file again, once it is mended
  };
  return html`<div class="field"><label for=${id}>${t("replay.file")}</label>
    <input type="file" id=${id} accept=".toml,text/plain" onChange=${read} aria-describedby=${`${id}-fault`} />
    <p class="fault" id=${`${id}-fault`} role="status">${isLarge && t("replay.file.large")}</p></div>`;
}

/** How far it is, or how it ended. @param {{ job: Replay, onEnd: () => void }} props */
function Told({ job, onEnd }) {
  const who = (job.by && nameOf(job.by)) || t("team");
  const asked = t("replay.asked", { who, time: dateTime(job.began_at), since: dateTime(job.since) });
  if (job.state === "running") {
    const far = { done: number(job.done), of: number(job.of) };
    return html`<div class="card stack"><p>${asked}</p>
      <progress max=${Math.max(job.of, 1)} value=${job.of ? job.done : undefined} aria-label=${t("replay.running")}></progress>
      <p role="status">${job.of ? t("replay.far", far) : t("replay.begins")}</p>
      <div class="actions"><button type="button" onClick=${onEnd}>${t("replay.stop")}</button></div></div>`;
  }
  return html`<div class="line"><p role="status"><span class="strong">${t(`replay.${job.state}`)}</span>${" "}
      <span class="quiet">${asked}</span></p>
      <div class="actions"><button type="button" onClick=${onEnd}>${t("replay.drop")}</button></div></div>
    ${job.why && html`<p class="remark"><${Icon} name="warn" />
      <span class="replay-why" lang="en">${translated(job.why)}</span></p>`}`;
}
