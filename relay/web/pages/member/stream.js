// Makes the member's stream live. Everything here works without it by forms; this only saves the reloading.

import { draw, fill, find, list } from "./items.js";
import { draft, forget, keepDraft } from "./kept.js";
import { Line } from "./line.js";
import { Outbox } from "./outbox.js";
import { Reading } from "./reading.js";
import { count, moment, say } from "./words.js";

const page = document.body;
const home = page.dataset["home"] ?? "";
const isNewest = page.dataset["newest"] === "true"; // an older page is for reading: it has no line
const NEAR = 120; // pixels from the end within which new items are followed
const GONE = 404;
const TOO_LONG = 413;
const LOST_FOR = 2000; // milliseconds without a line until that is said: a restart is none of the reader's business

const form = /** @type {HTMLFormElement} */ (document.querySelector(".write form"));
const field = /** @type {HTMLTextAreaElement} */ (form.querySelector("textarea"));
const to = /** @type {HTMLInputElement} */ (form.querySelector("[name=to]"));
const toShown = /** @type {HTMLElement} */ (form.querySelector(".to"));
const status = /** @type {HTMLElement} */ (document.querySelector(".status"));
const newer = /** @type {HTMLButtonElement} */ (document.querySelector(".newer"));

const told = /** @type {HTMLElement} */ (document.querySelector(".told"));

const longest = field.maxLength; // without scripts the browser keeps to it; pasted text it would cut, and say nothing
field.removeAttribute("maxlength");

let last = Number(page.dataset["last"]);
let arrived = 0;
let unheard = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let telling;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let announcing;
/** @type {Map<string, HTMLButtonElement>} */
const pressing = new Map();

const line = new Line(`${home}/stream`, page.dataset["member"] ?? "", () => last, { heard, opened, closed, ended });
const outbox = new Outbox((frame) => line.say(frame));
const reading = new Reading((seq) => line.say({ type: "read", seq }));

// ------------------------------------------------------------------------------------------------------ what comes in

/** @param {any} frame */
function heard(frame) {
  if (frame.type === "item") item(frame);
  else if (frame.type === "accepted") outbox.accepted(frame) || pressed(frame.client_id);
  else if (frame.type === "refused") refused(frame);
  else if (frame.type === "pressed") show(find(frame.post), frame.button);
}

/** @param {import("./items.js").Item} one */
function item(one) {
  if (one.seq <= last) return;
  last = one.seq;
  const follows = isNearEnd();
  const claimed = one.from.role === "self" ? outbox.claim(one) : find(one.id);
  if (claimed && one.from.role !== "self") fill(claimed, one);
  const element = claimed ?? draw(one);
  element.classList.add("arrived");
  list.append(...list.querySelectorAll(".unsent"));
  reading.watch(element);
  acknowledge();
  if (one.from.role !== "self") announce();
  if (follows) toEnd();
  else if (!claimed) tellArrived();
}

/** One frame for all that came in this moment. */
function acknowledge() {
  if (telling !== undefined) return;
  telling = setTimeout(() => {
    telling = undefined;
    line.say({ type: "ack", seq: last });
  }, 100);
}

/** For who does not see the stream grow; several in one moment are told together. */
function announce() {
  unheard += 1;
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    told.textContent = count("new", unheard);
    unheard = 0;
  }, 300);
}

function tellArrived() {
  arrived += 1;
  newer.textContent = count("new", arrived);
  newer.hidden = false;
}

function isNearEnd() {
  return innerHeight + scrollY >= document.documentElement.scrollHeight - NEAR;
}

function toEnd() {
  arrived = 0;
  newer.hidden = true;
  scrollTo({ top: document.documentElement.scrollHeight });
}

newer.addEventListener("click", () => {
  toEnd();
  field.focus();
});
addEventListener("scroll", () => {
  if (arrived && isNearEnd()) {
    arrived = 0;
    newer.hidden = true;
  }
});

// ---------------------------------------------------------------------------------------------------------- the line

/** @type {ReturnType<typeof setTimeout> | undefined} */
let lost;

function opened() {
  if (lost !== undefined) void catchUp();
  clearTimeout(lost);
  lost = undefined;
  status.hidden = true;
  outbox.sendAll();
  reading.again();
}

function closed() {
  lost ??= setTimeout(() => tell(say("offline")), LOST_FOR);
}

/** Nothing of the member stays in a browser that is theirs no more. */
function ended() {
  forget();
  list.replaceChildren();
  field.value = "";
  for (const control of form.elements) control.toggleAttribute("disabled", true);
  const link = document.createElement("a");
  link.href = home;
  link.textContent = say("reload");
  tell(say("signed_out"), link);
}

/** @param {...(string | Node)} what */
function tell(...what) {
  status.replaceChildren(...what.flatMap((each, n) => (n ? [" ", each] : [each])));
  status.hidden = false;
}

// ------------------------------------------------------------------------------------------------------------ writing

field.value ||= draft();
field.addEventListener("input", () => {
  keepDraft(field.value);
  field.rows = Math.min(6, field.value.split("\n").length);
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

form.addEventListener("submit", (event) => {
  const isTooLong = [...field.value].length > longest;
  if (!field.value.trim() || isTooLong || isNewest) event.preventDefault();
  if (isTooLong) return tell(say("refused_long"));
  if (!field.value.trim()) return;
  if (isNewest) return write();
  if (!outbox.leave(field.value, to.value || null)) return; // the form goes its own way
  event.preventDefault();
  keepDraft("");
  location.assign(`${home}#end`);
});

function write() {
  outbox.write(field.value, to.value || null);
  field.value = "";
  field.rows = 1;
  keepDraft("");
  answer(null);
  toEnd();
  if (lost === undefined) status.hidden = true;
}

/**
 * What will not be taken stands in the field again, before what is being written.
 * @param {import("./kept.js").Unsent} one @param {number} why @param {string} [until] when a measure ends
 */
function takeBack(one, why, until) {
  field.value = [one.text, field.value].filter((text) => text).join("\n\n");
  field.dispatchEvent(new Event("input"));
  if (one.to && why !== GONE) answer(find(one.to));
  if (until) return tell(say("refused_muted").replace("{at}", moment(until)));
  return tell(say(why === GONE ? "refused_gone" : why === TOO_LONG ? "refused_long" : "refused"));
}

/** To which post the next message is. @param {Element | null} post */
function answer(post) {
  to.value = post instanceof HTMLElement ? (post.dataset["id"] ?? "") : "";
  toShown.hidden = post === null;
  const quote = toShown.querySelector("q");
  if (quote && post) quote.textContent = (post.querySelector("h2, .text")?.textContent ?? "").replace(/^(.{60}).+$/s, "$1…");
  if (post) field.focus();
}

answer(to.value ? find(to.value) : null);

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link?.matches(".reply")) {
    event.preventDefault();
    answer(link.closest(".item"));
  } else if (link?.closest(".to")) {
    event.preventDefault();
    answer(null);
  } else if (link?.closest(".earlier") && link.search.includes("before=")) {
    event.preventDefault();
    void earlier(link);
  }
});

// ------------------------------------------------------------------------------------------------------------ buttons

list.addEventListener("submit", (event) => {
  const button = event instanceof SubmitEvent ? event.submitter : null;
  if (!(button instanceof HTMLButtonElement) || !button.matches(".press")) return;
  const post = button.closest(".item");
  const clientId = crypto.randomUUID();
  const id = post instanceof HTMLElement ? post.dataset["id"] : "";
  const frame = { type: "press", client_id: clientId, post: id, button: button.value };
  if (!line.say(frame)) return; // without a line the form goes its own way
  event.preventDefault();
  pressing.set(clientId, button);
});

/** @param {string} clientId */
function pressed(clientId) {
  const button = pressing.get(clientId);
  pressing.delete(clientId);
  show(button?.closest(".item"), button?.value);
  if (button?.dataset["question"] === "true") answer(button.closest(".item"));
}

/** Which button of a post is pressed. @param {Element | null | undefined} post @param {string | undefined} pressedNow */
function show(post, pressedNow) {
  for (const each of post?.querySelectorAll("button.press") ?? []) {
    each.setAttribute("aria-pressed", String(each.getAttribute("value") === pressedNow));
  }
}

/** What was pressed on another device while this page had no line: the server's own page knows. */
async function catchUp() {
  const answered = await fetch(home).catch(() => null);
  if (!answered?.ok) return; // the next line tries again
  const found = new DOMParser().parseFromString(await answered.text(), "text/html");
  for (const each of found.querySelectorAll("button.press[aria-pressed=true]")) {
    const post = each.closest(".item")?.getAttribute("data-id");
    if (post) show(find(post), each.getAttribute("value") ?? "");
  }
}

/** @param {any} frame */
function refused(frame) {
  const button = pressing.get(frame.client_id);
  pressing.delete(frame.client_id);
  if (button) return button.form?.submit(); // the page that says why
  const back = outbox.refused(frame);
  if (back) takeBack(back, frame.problem.status, frame.problem.until);
  return undefined;
}

// ------------------------------------------------------------------------------------------------------------ earlier

/** The server's own page, of which the items are taken over above those that are there. @param {HTMLAnchorElement} link */
async function earlier(link) {
  const answered = await fetch(link.href).catch(() => null);
  if (!answered?.ok) {
    location.assign(link.href);
    return;
  }
  const found = new DOMParser().parseFromString(await answered.text(), "text/html");
  const anchor = list.firstElementChild;
  const before = anchor?.getBoundingClientRect().top ?? 0;
  const items = [...found.querySelectorAll(".items > .item")];
  list.prepend(...items.filter((one) => find(one.getAttribute("data-id") ?? "") === null)); // who was quick has asked twice
  scrollBy(0, (anchor?.getBoundingClientRect().top ?? 0) - before);
  const next = found.querySelector(".earlier a[href*='before=']");
  if (next instanceof HTMLAnchorElement) link.href = next.getAttribute("href") ?? link.href;
  else link.parentElement?.remove();
}

// -------------------------------------------------------------------------------------------------------------- begin

if (isNewest) {
  if (!location.hash || location.hash === "#end") toEnd();
  for (const element of list.children) reading.watch(element);
  outbox.restore();
  line.begin();
}
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/c/worker.js", { scope: "/c/" });
