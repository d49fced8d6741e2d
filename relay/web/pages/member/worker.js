// Keeps the shell: how pages look, and what they say without a network. Never a page of somebody's own, never a form's answer.
// Of each community it keeps the page for no network in the language that the community's pages spoke last.

const SHELF = "relay-shell-2";
const OFFLINE = "/c/offline.html";
const SHELL = [OFFLINE, "/assets/look/tokens.css", "/assets/member/member.css", "/assets/member/icon.svg"];

const worker = /** @type {any} */ (self);

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(
    caches
      .open(SHELF)
      .then((shelf) => shelf.addAll(SHELL))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("relay-shell-") && name !== SHELF))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const path = new URL(request.url).pathname;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(visited(event, /^\/c\/[a-z0-9-]+(?=\/|$)/.exec(path)?.[0] ?? OFFLINE));
  else if (SHELL.includes(path)) event.respondWith(fetch(request).catch(() => kept(path)));
});

/** @param {any} event @param {string} home of the community */
async function visited(event, home) {
  try {
    const page = await fetch(event.request);
    if (page.ok) event.waitUntil(learn(home, page.headers.get("Content-Language")).catch(() => undefined));
    return page;
  } catch {
    return (await caches.match(home)) ?? kept(OFFLINE);
  }
}

/** @param {string} home @param {string | null} language */
async function learn(home, language) {
  const shelf = await caches.open(SHELF);
  const before = await shelf.match(home);
  if (language === null || language === before?.headers.get("Content-Language")) return;
  const page = await fetch(`${OFFLINE}?language=${language}`);
  if (page.ok) await shelf.put(home, page);
}

/** @param {string} path */
async function kept(path) {
  return (await caches.match(path)) ?? Response.error();
}
