import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

const ORIGIN = "http://127.0.0.1:8000";
const RELEASE = { version: "two", addresses: ["/", "/static/js/live/main.js", "/device/parts.json"] };
const HASH = "0".repeat(64);

/** Caches as browsers have them, in a Map. */
class Caches {
  stores = new Map();

  async open(name) {
    if (!this.stores.has(name)) this.stores.set(name, new Store());
    return this.stores.get(name);
  }

  async keys() {
    return [...this.stores.keys()];
  }

  async delete(name) {
    return this.stores.delete(name);
  }
}

const address = (request) => new URL(typeof request === "string" ? request : request.url, ORIGIN).href;

class Store {
  kept = new Map();

  async addAll(addresses) {
    for (const each of addresses) await this.put(each, await fetch(new Request(address(each))));
  }

  async put(request, response) {
    this.kept.set(address(request), response);
  }

  async match(request) {
    return this.kept.get(address(request))?.clone();
  }

  async keys() {
    return [...this.kept.keys()].map((url) => ({ url }));
  }

  async delete(request) {
    return this.kept.delete(address(request));
  }
}

/** The network: what it serves by path; null is no network. */
let network;
let handlers;
let asked;

beforeEach(async () => {
  network = { "/": "page", "/static/js/live/main.js": "script", "/device/parts.json": '{"files": {}}' };
  handlers = {};
  asked = [];
  globalThis.caches = new Caches();
  globalThis.location = { origin: ORIGIN };
  globalThis.fetch = async (request) => {
    const { pathname } = new URL(request.url);
    asked.push(pathname);
    if (network === null) throw new TypeError("Failed to fetch");
    return pathname in network ? new Response(network[pathname]) : new Response("", { status: 404 });
  };
  globalThis.self = {
    RELEASE,
    registration: { scope: `${ORIGIN}/` },
    addEventListener: (name, handler) => (handlers[name] = handler),
    skipWaiting: async () => undefined,
    clients: { claim: async () => undefined },
  };
  await import(`../../static/js/service-worker.js?${Math.random()}`);
  await happen("install");
});

async function happen(name) {
  let done;
  handlers[name]({ waitUntil: (promise) => (done = promise) });
  await done;
}

/** What the page gets for a request: a text, a status, or nothing where the worker leaves it to the browser. */
async function get(path, options) {
  let answer;
  handlers.fetch({ request: new Request(new URL(path, ORIGIN), options), respondWith: (promise) => (answer = promise) });
  const response = await answer;
  return response && (response.ok ? response.text() : response.status);
}

test("the network comes first, and what it brings is kept", async () => {
  network["/static/js/live/main.js"] = "newer script";
  assert.equal(await get("/static/js/live/main.js"), "newer script");
  network = null;
  assert.equal(await get("/static/js/live/main.js"), "newer script");
});

test("without a network all that was installed is there", async () => {
  network = null;
  assert.equal(await get("/"), "page");
  assert.equal(await get("/#mood=sad"), "page");
  await assert.rejects(get("/static/js/never.js"), /Failed to fetch/);
});

test("a file named by its checksum is fetched once", async () => {
  const path = `/device/${HASH}/expression.onnx`;
  network[path] = "network";
  assert.equal(await get(path), "network");
  network = null;
  assert.equal(await get(path), "network");
  assert.equal(asked.filter((pathname) => pathname === path).length, 1);
});

test("a file that was not there is not kept", async () => {
  const path = `/device/${HASH}/expression.onnx`;
  assert.equal(await get(path), 404);
  network[path] = "network";
  assert.equal(await get(path), "network");
});

test("under a path of a proxy the same is kept", async () => {
  network = Object.fromEntries(Object.entries(network).map(([path, text]) => [`/music${path}`, text]));
  network["/static/js/live/main.js"] = "another program's";
  globalThis.self.registration.scope = `${ORIGIN}/music/`;
  await import(`../../static/js/service-worker.js?${Math.random()}`);
  await happen("install");
  const file = `/music/device/${HASH}/expression.onnx`;
  network[file] = "network";
  await get(file);
  assert.equal(await get("/static/js/live/main.js"), undefined);
  network = null;
  assert.equal(await get("/music/"), "page");
  assert.equal(await get("/music/static/js/live/main.js"), "script");
  assert.equal(await get(file), "network");
});

test("posts, other addresses and other hosts are left to the browser", async () => {
  assert.equal(await get("/static/js/live/main.js", { method: "POST" }), undefined);
  assert.equal(await get("/api/v1/providers"), undefined);
  assert.equal(await get("https://open.spotify.com/embed/track/x"), undefined);
});

test("a new release forgets old pages, and files that nobody names any more", async () => {
  const [old, current] = ["1", "2"].map((digit) => `/device/${digit.repeat(64)}/expression.onnx`);
  network[old] = network[current] = "network";
  await get(old);
  await get(current);
  await caches.open("feelharmonic-page-one");
  network["/device/parts.json"] = JSON.stringify({ files: { "expression.onnx": { url: current } } });
  await get("/device/parts.json");
  await happen("activate");
  assert.deepEqual((await caches.keys()).sort(), ["feelharmonic-files", "feelharmonic-page-two"]);
  assert.deepEqual([...caches.stores.get("feelharmonic-files").kept.keys()], [ORIGIN + current]);
});
