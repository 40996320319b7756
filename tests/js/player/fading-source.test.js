// Two elements as one source: the overlap of two tracks, and their equal loudness.
import assert from "node:assert/strict";
import test, { beforeEach, mock } from "node:test";

import { FADE_S, FadingSource, LEVEL_LUFS, levelOf } from "../../../static/js/player/sources/fading-source.js";

const track = (key, loudness) => ({ id: `own:${key}`, title: "", artist: "", year: null, url: "", audio: `/music/${key}`, loudness });

class Element {
  canSeek = true;
  canSetVolume = true;
  done = [];
  volume = 1;

  constructor(emit) {
    this.emit = emit;
  }

  setVolume(volume) {
    this.volume = volume;
  }

  load({ audio }) {
    this.done.push(`load ${audio}`);
  }

  play() {
    this.done.push("play");
  }

  pause() {
    this.done.push("pause");
  }

  seek(position) {
    this.done.push(`seek ${position}`);
  }

  stop() {
    this.done.push("stop");
  }
}

function setUp(options = { fade: true, level: true }) {
  const elements = [];
  const heard = [];
  const source = new FadingSource(
    (emit) => {
      elements.push(new Element(emit));
      return elements.at(-1);
    },
    ({ type }) => heard.push(type),
    () => options,
  );
  return { source, elements, heard };
}

const progress = (position_s, duration_s = 200) => ({ type: "progress", position_s, duration_s });

beforeEach((context) => {
  globalThis.window = globalThis;
  mock.timers.enable({ apis: ["setInterval"] });
  context.after(() => mock.timers.reset());
});

test("louder tracks are turned down to one level, quieter and unknown ones stay", () => {
  assert.equal(levelOf(LEVEL_LUFS), 1);
  assert.ok(Math.abs(levelOf(LEVEL_LUFS + 6) - 0.501) < 0.001);
  assert.equal(levelOf(-30), 1);
  assert.equal(levelOf(undefined), 1);
});

test("a track is announced as ending once, three seconds before its end", () => {
  const { source, elements, heard } = setUp();
  source.load(track("a"));
  source.play();
  elements[0].emit(progress(200 - FADE_S - 0.1));
  assert.deepEqual(heard, ["progress"]);
  elements[0].emit(progress(200 - FADE_S));
  elements[0].emit(progress(198));
  assert.deepEqual(heard, ["progress", "progress", "ending", "progress"]);
});

test("the next track fades in over the one that ends, whose events no longer count", () => {
  const { source, elements, heard } = setUp();
  source.load(track("a"));
  source.play();
  elements[0].emit(progress(198));
  source.load(track("b"));
  source.play();
  assert.deepEqual(elements[1].done, ["load /music/b", "play"]);
  assert.equal(elements[1].volume, 0);
  mock.timers.tick(1500);
  assert.ok(Math.abs(elements[0].volume - Math.SQRT1_2) < 0.05);
  assert.ok(Math.abs(elements[1].volume - Math.SQRT1_2) < 0.05);
  heard.length = 0;
  elements[0].emit({ type: "ended" });
  assert.deepEqual(heard, []);
  mock.timers.tick(1600);
  assert.equal(elements[0].done.at(-1), "stop");
  assert.equal(elements[1].volume, 1);
});

test("two elements serve all tracks", () => {
  const { source, elements } = setUp();
  for (const key of ["a", "b", "c", "d"]) {
    source.load(track(key));
    source.play();
    elements.find(({ done }) => done.includes(`load /music/${key}`)).emit(progress(199));
    mock.timers.tick(4000);
  }
  assert.equal(elements.length, 2);
});

test("without cross-fade, in short tracks and by hand, tracks follow each other as they are", () => {
  const options = { fade: false, level: true };
  const { source, elements, heard } = setUp(options);
  source.load(track("a"));
  elements[0].emit(progress(199));
  options.fade = true;
  elements[0].emit(progress(9, 10));
  assert.ok(!heard.includes("ending"));
  source.load(track("b"));
  assert.equal(elements.length, 1);
  assert.equal(elements[0].volume, 1);
});

test("where a page cannot set the volume nothing fades", () => {
  const { source, elements, heard } = setUp();
  elements[0].canSetVolume = false;
  source.load(track("a"));
  elements[0].emit(progress(199));
  assert.ok(!heard.includes("ending"));
});

test("the volume and the track's level are multiplied, and levelling can be switched off", () => {
  const options = { fade: true, level: true };
  const { source, elements } = setUp(options);
  source.setVolume(0.5);
  source.load(track("a", LEVEL_LUFS + 6));
  assert.ok(Math.abs(elements[0].volume - 0.2506) < 0.001);
  options.level = false;
  source.load(track("b", LEVEL_LUFS + 6));
  assert.equal(elements[0].volume, 0.5);
});

test("a pause, a stop and a seek end the overlap", () => {
  for (const act of ["pause", "stop"]) {
    const { source, elements } = setUp();
    source.load(track("a"));
    elements[0].emit(progress(199));
    source.load(track("b"));
    source[act]();
    assert.equal(elements[0].done.at(-1), "stop");
    assert.equal(elements[1].done.at(-1), act);
    assert.equal(elements[1].volume, 1);
  }
  const { source, elements } = setUp();
  source.load(track("a"));
  elements[0].emit(progress(199));
  source.seek(10);
  source.load(track("b"));
  assert.equal(elements.length, 1);
});

test("where another source plays on, what is ending fades out by itself", () => {
  const { source, elements } = setUp();
  source.load(track("a"));
  source.leave();
  assert.equal(elements[0].done.at(-1), "stop");
  source.load(track("b"));
  elements[0].emit(progress(199));
  source.leave();
  assert.notEqual(elements[0].done.at(-1), "stop");
  mock.timers.tick(3100);
  assert.equal(elements[0].done.at(-1), "stop");
});
