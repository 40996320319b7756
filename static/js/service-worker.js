/**
 * Caches the page for use without a network. The server writes `self.RELEASE` before this text: the addresses to cache,
 * and a version that changes with any of them. The network comes first, so that nobody sees an old page while online.
 */

/** @typedef {{version: string, addresses: string[]}} Release */

// The types of service workers and of pages exclude each other.
const worker = /** @type {any} */ (self);
/** @type {Release} */
const { version, addresses } = worker.RELEASE;
const PAGE = `feelharmonic-page-${version}`;
/** Networks and runtime, named by their checksums: a new release keeps those that did not change. */
const FILES = "feelharmonic-files";
/** Where the page lies: a proxy may serve it under a path, which is before every address of the release. */
const ROOT = new URL(worker.registration.scope).pathname.slice(0, -1);
const BY_CHECKSUM = /^\/device\/[0-9a-f]{64}\//;

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(caches.open(PAGE).then((cache) => cache.addAll(addresses.map((address) => ROOT + address))).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(forgetOld().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !pathname.startsWith(`${ROOT}/`)) {
    return;
  }
  const path = pathname.slice(ROOT.length);
  if (BY_CHECKSUM.test(path)) {
    event.respondWith(kept(event.request));
  } else if (addresses.includes(path) || path.startsWith("/static/")) {
    event.respondWith(newest(event.request, pathname));
  }
});

async function forgetOld() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== PAGE && name !== FILES).map((name) => caches.delete(name)));
  const parts = await (await caches.open(PAGE)).match(`${ROOT}/device/parts.json`);
  const current = Object.values(parts ? (await parts.json()).files : {}).map(({ url }) => ROOT + url);
  const files = await caches.open(FILES);
  const old = (await files.keys()).filter(({ url }) => !current.includes(new URL(url).pathname));
  await Promise.all(old.map((request) => files.delete(request)));
}

/** @param {Request} request @returns {Promise<Response>} what is kept, else the network's, kept from then on */
async function kept(request) {
  const cache = await caches.open(FILES);
  const known = await cache.match(request, { ignoreVary: true });
  if (known) {
    return known;
  }
  const response = await fetch(request);
  if (response.ok) {
    await cache.put(request, response.clone());
  }
  return response;
}

/** @param {Request} request @param {string} pathname @returns {Promise<Response>} the network's, else what is kept */
async function newest(request, pathname) {
  const cache = await caches.open(PAGE);
  try {
    const response = await fetch(request);
    if (response.ok) {
      await cache.put(pathname, response.clone());
    }
    return response;
  } catch (fault) {
    const known = await cache.match(pathname, { ignoreVary: true });
    if (!known) {
      throw fault;
    }
    return known;
  }
}
