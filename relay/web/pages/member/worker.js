// Keeps the shell: how pages look, and what they say without a network. Never a page of somebody's own, never a form's answer.

const SHELF = "relay-shell-1";
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
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => kept(OFFLINE)));
  else if (SHELL.includes(path)) event.respondWith(fetch(request).catch(() => kept(path)));
});

/** @param {string} path */
async function kept(path) {
  return (await caches.match(path)) ?? Response.error();
}
