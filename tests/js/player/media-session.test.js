// Headset and lock-screen keys. The browser's media session and the player's source are the test's own.
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { connectMediaSession } from "../../../static/js/player/media-session.js";
import { Player } from "../../../static/js/player/player.js";

let session;

beforeEach(() => {
  session = { handlers: {}, metadata: null, playbackState: "none", position: null };
  session.setActionHandler = (action, handler) => {
    if (action === "seekto") {
      throw new TypeError("not known here");
    }
    session.handlers[action] = handler;
  };
  session.setPositionState = (state) => (session.position = state);
  Object.defineProperty(globalThis, "navigator", { value: { mediaSession: session }, configurable: true, writable: true });
  globalThis.MediaMetadata = class {
    constructor(fields) {
      Object.assign(this, fields);
    }
  };
});

function setUp() {
  const done = [];
  let emit;
  const source = { canSeek: true, canSetVolume: false };
  for (const name of ["load", "play", "pause", "seek", "stop"]) {
    source[name] = (value) => done.push(name === "load" ? `load ${value.id}` : name);
  }
  const player = new Player((given) => ((emit = given), source), { get: () => null, set: () => undefined });
  connectMediaSession(player);
  const entry = (id) => ({ track: { id, title: `Title ${id}`, artist: `Artist ${id}`, year: null, url: "" }, place: null, why: "" });
  player.fill([..."ab"].map(entry), "replace");
  return { player, done, emit: (event) => emit(event) };
}

test("the keys play, pause and move on, also where the browser lacks one of them", () => {
  const { done, emit } = setUp();
  session.handlers.play({});
  emit({ type: "started", preview: false });
  session.handlers.pause({});
  session.handlers.play({});
  session.handlers.nexttrack({});
  session.handlers.previoustrack({});
  assert.deepEqual(done, ["load a", "play", "pause", "play", "load b", "play", "load a", "play"]);
});

test("the lock screen shows title and artist, whether it plays, and where it is", () => {
  const { player, emit } = setUp();
  assert.deepEqual([session.playbackState, { ...session.metadata }], ["paused", { title: "Title a", artist: "Artist a" }]);
  player.play();
  emit({ type: "started", preview: false });
  emit({ type: "progress", position_s: 12, duration_s: 200 });
  assert.equal(session.playbackState, "playing");
  assert.deepEqual(session.position, { duration: 200, position: 12 });
  player.next();
  assert.equal(session.metadata.title, "Title b");
  player.clear();
  assert.deepEqual([session.playbackState, session.metadata], ["none", null]);
});

test("a browser without a media session plays all the same", () => {
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true, writable: true });
  assert.doesNotThrow(setUp);
});
