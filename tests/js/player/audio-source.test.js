// A plain audio element as a source. The element and its faults are the test's own.
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { AudioSource } from "../../../static/js/player/sources/audio-source.js";
import { MAX_BUFFERING_MS, START_TIMEOUT_MS } from "../../../static/js/player/sources/source.js";

/** What an audio element does of what the source uses. */
class Sound extends EventTarget {
  src = "";
  duration = NaN;
  currentTime = 0;
  ended = false;
  error = null;
  asked = [];
  refuse = "";
  #volume = 1;

  constructor(fixedVolume) {
    super();
    this.fixedVolume = fixedVolume;
  }

  get volume() {
    return this.#volume;
  }

  set volume(value) {
    this.#volume = this.fixedVolume ? 1 : value;
  }

  async play() {
    this.asked.push("play");
    if (this.refuse) {
      throw new DOMException("", this.refuse);
    }
  }

  pause() {
    this.asked.push("pause");
  }

  load() {
    this.asked.push("load");
  }

  removeAttribute() {
    this.src = "";
  }

  tell(type, changes = {}) {
    Object.assign(this, changes);
    this.dispatchEvent(new Event(type));
  }
}

beforeEach(() => {
  globalThis.window = globalThis;
});

const track = { id: "own:1", title: "a", artist: "", year: null, url: "", audio: "/music/1" };

function setUp({ fixedVolume = false } = {}) {
  const audio = new Sound(fixedVolume);
  const events = [];
  const source = new AudioSource((event) => events.push(event), audio);
  return { audio, events, source, types: () => events.map(({ type, reason }) => reason ?? type) };
}

const settled = async () => {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
};

test("a track plays from its address to its end", () => {
  const { audio, source, events } = setUp();
  source.load(track);
  source.play();
  assert.equal(audio.src, "music/1");
  audio.tell("durationchange", { duration: 200 });
  audio.tell("playing");
  audio.tell("timeupdate", { currentTime: 1.5 });
  audio.tell("pause", { ended: true });
  audio.tell("ended");
  assert.deepEqual(events, [
    { type: "started", preview: false }, { type: "progress", position_s: 1.5, duration_s: 200 }, { type: "ended" },
  ]);
});

test("our pause says nothing, somebody else's and the resume do", () => {
  const { audio, source, types } = setUp();
  source.load(track);
  source.play();
  audio.tell("playing");
  source.pause();
  audio.tell("pause");
  source.play();
  audio.tell("play");
  audio.tell("pause");
  audio.tell("play");
  assert.deepEqual(types(), ["started", "paused", "resumed"]);
});

test("a browser that wants a press is told as refused, and a press plays", async () => {
  const { audio, source, types } = setUp();
  source.load(track);
  audio.refuse = "NotAllowedError";
  source.play();
  await settled();
  assert.deepEqual(types(), ["refused"]);
  audio.refuse = "";
  source.play();
  audio.tell("playing");
  assert.deepEqual(types(), ["refused", "started"]);
});

test("a sound that is not there or of an unknown format is unplayable, once", async () => {
  const { audio, source, types } = setUp();
  source.load(track);
  audio.refuse = "NotSupportedError";
  source.play();
  audio.tell("error", { error: { code: 4 } });
  await settled();
  assert.deepEqual(types(), ["unplayable"]);
});

test("a track without any sound is unplayable", async () => {
  const { source, types } = setUp();
  source.load({ ...track, audio: undefined });
  source.play();
  assert.deepEqual(types(), []);
  await settled();
  assert.deepEqual(types(), ["unplayable"]);
});

test("a play that another load overtakes says nothing", async () => {
  const { audio, source, types } = setUp();
  source.load(track);
  audio.refuse = "AbortError";
  source.play();
  await settled();
  assert.deepEqual(types(), []);
});

test("a connection that breaks stalls the track", () => {
  const { audio, source, types } = setUp();
  source.load(track);
  source.play();
  audio.tell("playing");
  audio.tell("error", { error: { code: 2 } });
  assert.deepEqual(types(), ["started", "stalled"]);
});

test("a track that does not start in 8 s has failed, one that is paused meanwhile has not", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { source, types } = setUp();
  source.load(track);
  source.play();
  source.pause();
  context.mock.timers.tick(START_TIMEOUT_MS);
  assert.deepEqual(types(), []);
  source.play();
  context.mock.timers.tick(START_TIMEOUT_MS - 1);
  assert.deepEqual(types(), []);
  context.mock.timers.tick(1);
  assert.deepEqual(types(), ["stalled"]);
});

test("a track that buffers for 15 s has failed, one that goes on has not", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { audio, source, types } = setUp();
  source.load(track);
  source.play();
  audio.tell("playing");
  audio.tell("waiting");
  context.mock.timers.tick(MAX_BUFFERING_MS - 1);
  audio.tell("playing");
  context.mock.timers.tick(MAX_BUFFERING_MS);
  assert.deepEqual(types(), ["started"]);
  audio.tell("waiting");
  context.mock.timers.tick(MAX_BUFFERING_MS);
  assert.deepEqual(types(), ["started", "stalled"]);
});

test("a stream without an end plays and cannot be sought in", () => {
  const { audio, source, events } = setUp();
  source.load(track);
  source.play();
  audio.tell("playing", { duration: Infinity });
  audio.tell("timeupdate", { currentTime: 7 });
  assert.equal(source.canSeek, false);
  assert.deepEqual(events.at(-1), { type: "progress", position_s: 7, duration_s: 0 });
});

test("stopping ends the download, and the events of what played", () => {
  const { audio, source, types } = setUp();
  source.load(track);
  source.play();
  audio.tell("playing");
  source.stop();
  assert.deepEqual([audio.src, audio.asked.at(-1)], ["", "load"]);
  audio.tell("timeupdate");
  audio.tell("ended");
  assert.deepEqual(types(), ["started"]);
});

test("a volume that the page sets is not told: fades and equal loudness change it, too", () => {
  const { audio, source, events } = setUp();
  source.load(track);
  source.setVolume(0.2);
  audio.tell("volumechange");
  assert.deepEqual(events, []);
});

test("seeking and volume go to the element, where it takes a volume", () => {
  const { audio, source } = setUp();
  source.load(track);
  source.seek(12);
  source.setVolume(0.25);
  assert.deepEqual([audio.currentTime, audio.volume, source.canSetVolume], [12, 0.25, true]);
  assert.equal(setUp({ fixedVolume: true }).source.canSetVolume, false);
});
