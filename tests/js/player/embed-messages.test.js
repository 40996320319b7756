// The two sides of the frame at /player: each hears the other alone. Windows, frames and the clock are the test's own.
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { EmbedSource } from "../../../static/js/player/sources/embed-source.js";
import { MAX_FAILURES, Player } from "../../../static/js/player/player.js";

const ORIGIN = "https://feelharmonic.example";
const FOREIGN = "https://foreign.example";
const STEP_MS = 100;
/** A track without a word from the embed fails then, told by the first tick after it. */
const START_MS = 8000;

let heard;
let tick;
let now_ms;

beforeEach(() => {
  heard = null;
  tick = () => undefined;
  now_ms = 0;
  globalThis.location = { origin: ORIGIN };
  globalThis.window = {
    addEventListener: (_, listener) => (heard = listener),
    setInterval: (callback) => ((tick = callback), 1),
  };
  setOnline(true);
  globalThis.clearInterval = () => (tick = () => undefined);
  Object.defineProperty(globalThis, "performance", { value: { now: () => now_ms }, configurable: true, writable: true });
});

function setOnline(onLine) {
  Object.defineProperty(globalThis, "navigator", { value: { onLine }, configurable: true, writable: true });
}

function wait(ms) {
  for (const end = now_ms + ms; now_ms < end; ) {
    now_ms += STEP_MS;
    tick();
  }
}

/** A window that keeps what it is sent. */
function someWindow() {
  const sent = [];
  return { sent, postMessage: (message, origin) => sent.push({ ...message, origin }) };
}

function sourceInPage() {
  const contentWindow = someWindow();
  globalThis.document = { createElement: () => ({ contentWindow }) };
  const events = [];
  const source = new EmbedSource({ append: () => undefined }, "Spotify", (event) => events.push(event));
  return { source, events, frame: contentWindow };
}

const track = (id) => ({ id, title: id, artist: "", year: null, url: "" });
const UPDATE = { type: "update", data: { isPaused: false, isBuffering: false, position: 500, duration: 200_000 } };

test("the page hears its own frame alone", () => {
  const { source, events, frame } = sourceInPage();
  heard({ origin: ORIGIN, source: null, data: { type: "listening" } }); // there is no frame yet
  source.load(track("a"));
  source.play();
  const foreign = [
    { origin: FOREIGN, source: frame },
    { origin: ORIGIN, source: someWindow() },
    { origin: ORIGIN, source: null },
    { origin: "null", source: frame },
  ];
  for (const from of foreign) {
    heard({ ...from, data: { type: "listening" } });
    heard({ ...from, data: { type: "unreachable" } });
    heard({ ...from, data: UPDATE });
  }
  assert.deepEqual([events, frame.sent], [[], []]);
  for (const data of [null, "listening", { type: 1 }, { type: "update", data: null }, { type: "update", data: { position: "1" } }]) {
    heard({ origin: ORIGIN, source: frame, data });
  }
  assert.deepEqual([events, frame.sent], [[], []]);

  heard({ origin: ORIGIN, source: frame, data: { type: "listening" } });
  assert.deepEqual(frame.sent.map(({ type }) => type), ["load", "play"]);
  heard({ origin: ORIGIN, source: frame, data: UPDATE });
  assert.equal(events[0].type, "started");
});

test("the page sends to its own origin alone", () => {
  const { source, frame } = sourceInPage();
  source.load(track("a"));
  heard({ origin: ORIGIN, source: frame, data: { type: "listening" } });
  source.play();
  source.seek(3);
  source.stop();
  assert.deepEqual(new Set(frame.sent.map(({ origin }) => origin)), new Set([ORIGIN]));
});

let frames = 0;

/** The frame's script, started anew; Spotify's script is put into `scripts` and calls nothing back by itself. */
async function startFrame() {
  const scripts = [];
  const page = someWindow();
  globalThis.parent = page;
  globalThis.document = {
    createElement: () => ({ addEventListener: () => undefined, remove: () => undefined }),
    getElementById: () => ({}),
    head: { append: (script) => scripts.push(script) },
  };
  await import(`../../../static/js/player-frame/main.js?${(frames += 1)}`);
  return { page, scripts };
}

test("the frame hears the page around it alone", async () => {
  const { page, scripts } = await startFrame();
  const load = { type: "load", uri: "spotify:track:a" };
  assert.deepEqual(page.sent, [{ type: "listening", origin: ORIGIN }]);
  for (const from of [{ origin: FOREIGN, source: page }, { origin: ORIGIN, source: someWindow() }, { origin: "null", source: page }]) {
    heard({ ...from, data: load });
  }
  heard({ origin: ORIGIN, source: page, data: null });
  heard({ origin: ORIGIN, source: page, data: { type: "other" } });
  assert.equal(scripts.length, 0);
  heard({ origin: ORIGIN, source: page, data: load });
  assert.equal(scripts.length, 1);
});

test("a foreign message does not reach the embed, and what the embed says goes to our own origin alone", async () => {
  const { page } = await startFrame();
  const asked = [];
  const listeners = {};
  const embed = { addListener: (name, listener) => (listeners[name] = listener) };
  for (const name of ["loadUri", "play", "pause", "resume", "seek"]) {
    embed[name] = () => asked.push(name);
  }
  heard({ origin: ORIGIN, source: page, data: { type: "load", uri: "spotify:track:a" } });
  globalThis.window.onSpotifyIframeApiReady({ createController: (_, __, ready) => ready(embed) });
  for (const type of ["load", "play", "pause", "resume", "seek"]) {
    heard({ origin: FOREIGN, source: page, data: { type } });
    heard({ origin: ORIGIN, source: someWindow(), data: { type } });
  }
  await new Promise(setImmediate);
  assert.deepEqual(asked, []);
  heard({ origin: ORIGIN, source: page, data: { type: "play" } });
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["play"]);
  listeners.playback_update({ data: UPDATE.data });
  assert.deepEqual(new Set(page.sent.map(({ origin }) => origin)), new Set([ORIGIN]));
  assert.equal(page.sent.at(-1).type, "update");
});

/** A queue whose embed answers nothing. @param {boolean} listening whether its frame has loaded: then Spotify's script never calls back */
function silentQueue(names, listening) {
  const contentWindow = someWindow();
  globalThis.document = { createElement: () => ({ contentWindow }) };
  const place = { append: () => undefined };
  const player = new Player((emit) => new EmbedSource(place, "Spotify", emit), { get: () => null, set: () => undefined });
  player.fill([...names].map((name) => ({ track: track(name), place: null, why: "" })), "replace");
  player.play();
  if (listening) {
    heard({ origin: ORIGIN, source: contentWindow, data: { type: "listening" } });
  }
  return { player, frame: contentWindow };
}

for (const listening of [true, false]) {
  const what = listening ? "Spotify's script never calls back" : "the frame never loads";
  test(`where ${what}, a track fails after 8 s with its reason and the queue goes on`, () => {
    const { player } = silentQueue("abcde", listening);
    wait(START_MS - STEP_MS);
    assert.deepEqual([player.values.current.track.id, player.values.problem], ["a", null]);
    wait(STEP_MS);
    assert.deepEqual([player.values.current.track.id, player.values.problem], ["b", { reason: "unanswered", title: "a", stopped: false }]);
    assert.equal(player.values.phase, "loading");
  });

  test(`where ${what}, ${MAX_FAILURES} tracks fail, then the queue stops with one notice until a press`, () => {
    const { player } = silentQueue("abcde", listening);
    const problems = [];
    player.state.observe(["problem"], ({ problem }) => problems.push(problem?.stopped && problem.reason));
    problems.length = 0; // the state of the moment
    wait(10 * START_MS);
    assert.deepEqual(problems.filter(Boolean), ["unanswered"]);
    assert.equal(player.values.phase, "paused");
    assert.equal(player.values.current.track.id, "c");
    player.play();
    assert.deepEqual([player.values.phase, player.values.problem], ["loading", null]);
  });
}

test("a script that calls back late plays the track of the moment", async () => {
  const { page } = await startFrame();
  const asked = [];
  const embed = { addListener: () => undefined, loadUri: (uri) => asked.push(uri), play: () => asked.push("play") };
  heard({ origin: ORIGIN, source: page, data: { type: "load", uri: "spotify:track:a" } });
  heard({ origin: ORIGIN, source: page, data: { type: "load", uri: "spotify:track:b" } });
  heard({ origin: ORIGIN, source: page, data: { type: "play" } });
  globalThis.window.onSpotifyIframeApiReady({ createController: (_, __, ready) => ready(embed) });
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["spotify:track:b", "play"]);
});

test("offline a press says at once that the player is missing, and the queue stays", () => {
  const { player, frame } = silentQueue("abc", true);
  setOnline(false);
  wait(STEP_MS);
  assert.deepEqual([player.values.phase, player.values.problem.reason], ["paused", "offline"]);
  assert.equal(player.values.current.track.id, "a");
  setOnline(true);
  player.play();
  wait(STEP_MS);
  assert.equal(player.values.phase, "loading");
  heard({ origin: ORIGIN, source: frame, data: UPDATE });
  assert.equal(player.values.phase, "playing");
});

test("a track that plays already plays on when the network goes", () => {
  const { player, frame } = silentQueue("abc", true);
  heard({ origin: ORIGIN, source: frame, data: UPDATE });
  setOnline(false);
  wait(500);
  assert.deepEqual([player.values.phase, player.values.problem], ["playing", null]);
});

for (const [onLine, reason] of [[true, "blocked"], [false, "offline"]]) {
  test(`Spotify's script that does not load is ${reason} where the browser is ${onLine ? "online" : "offline"}`, () => {
    const { player, frame } = silentQueue("abc", true);
    setOnline(onLine);
    heard({ origin: ORIGIN, source: frame, data: { type: "unreachable" } });
    assert.deepEqual([player.values.phase, player.values.problem], ["paused", { reason, title: "a", stopped: false }]);
  });
}
