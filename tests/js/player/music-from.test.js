// Where songs come from, what did not play today, and stations that give way to another mood.
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { MusicFrom } from "../../../static/js/player/options/music-from.js";
import { MIN_STATION_S, Player } from "../../../static/js/player/player.js";
import { sourceOf } from "../../../static/js/player/sources/track-sources.js";

class Store extends Map {
  get(key) {
    return super.get(key) ?? null;
  }

  set(key, value) {
    return value === null ? this.delete(key) : super.set(key, value);
  }
}

class Node extends EventTarget {
  children = [];

  append(...children) {
    this.children.push(...children);
  }

  setAttribute() {}
}

beforeEach(() => {
  globalThis.document = { createElement: () => new Node() };
  globalThis.Option = class {
    constructor(text, value) {
      Object.assign(this, { text, value });
    }
  };
});

test("the usual sources serve until another is chosen, which is remembered and asked for at once", () => {
  const store = new Store();
  let asked = 0;
  const from = new MusicFrom((key) => key, store, () => (asked += 1));
  const select = from.element.children[1];
  assert.equal(select.value, "");
  assert.deepEqual(select.children.map(({ value }) => value), ["", "audius", "radio"]);
  select.value = "radio";
  select.dispatchEvent(new Event("change"));
  assert.equal(store.get("music-from"), "radio");
  assert.equal(asked, 1);
  select.value = "";
  select.dispatchEvent(new Event("change"));
  assert.equal(store.get("music-from"), null);
});

test("what did not play is left out for the rest of the day, and no longer", () => {
  const store = new Store();
  let day = "Monday";
  const from = new MusicFrom((key) => key, store, () => undefined, () => day);
  from.failed("radio:1");
  from.failed("radio:2");
  assert.ok(from.hasFailed("radio:1"));
  assert.ok(from.hasFailed("radio:2"));
  assert.ok(!from.hasFailed("radio:3"));
  day = "Tuesday";
  assert.ok(!from.hasFailed("radio:1"));
  store.set("streams-failed", "{broken");
  assert.ok(!from.hasFailed("radio:1"));
});

test("sound from other hosts goes to the document for streams", () => {
  assert.equal(sourceOf({ id: "radio:1", audio: "https://radio.example/1" }, false), "stream");
  assert.equal(sourceOf({ id: "own:1", audio: "/music/1" }, false), "audio");
});

test("a station gives way to another mood once it has played for ten minutes, once", () => {
  const loaded = [];
  let emit;
  const source = { canSeek: false, canSetVolume: true, load: ({ id }) => loaded.push(id) };
  for (const method of ["play", "pause", "seek", "setVolume", "stop"]) {
    source[method] = () => undefined;
  }
  const player = new Player((told) => ((emit = told), source), { get: () => null, set: () => undefined });
  const entry = (id) => ({ track: { id, title: id, artist: "", year: null, url: "", audio: "https://x/" }, place: null, why: "" });
  player.fill([entry("radio:1"), entry("radio:2"), entry("radio:3")], "replace");
  player.play();
  emit({ type: "started", preview: false });
  player.followMood();
  emit({ type: "progress", position_s: MIN_STATION_S - 1, duration_s: 0 });
  assert.deepEqual(loaded, ["radio:1"]);
  emit({ type: "progress", position_s: MIN_STATION_S, duration_s: 0 });
  assert.deepEqual(loaded, ["radio:1", "radio:2"]);
  emit({ type: "progress", position_s: 2 * MIN_STATION_S, duration_s: 0 });
  assert.deepEqual(loaded, ["radio:1", "radio:2"]);
});
