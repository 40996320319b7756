import assert from "node:assert/strict";
import test from "node:test";

import { MAX_FAILURES, Player } from "../../../static/js/player/player.js";

const entry = (name) => ({ track: { id: name, title: name, artist: "", year: null, url: "" }, place: null, why: "" });
const entries = (names) => [...names].map(entry);

/** A source that does nothing by itself: the test says what happens. */
function setUp(names, stored = null) {
  const done = [];
  const source = { canSeek: true, canSetVolume: false };
  for (const name of ["load", "play", "pause", "seek", "stop"]) {
    source[name] = (value) => done.push(name === "load" ? `load ${value.id}` : name);
  }
  let emit = null;
  let text = stored;
  const player = new Player((given) => ((emit = given), source), { get: () => text, set: (value) => (text = value) });
  if (names) {
    player.fill(entries(names), "replace");
  }
  return { player, done, emit: (type, more = {}) => emit({ type, ...more }), asked: () => emit !== null, stored: () => text };
}

test("no source is made before the first play", () => {
  const { player, asked } = setUp("ab");
  player.next();
  player.move(0, 1);
  assert.equal(asked(), false);
  player.play();
  assert.equal(asked(), true);
});

test("one press plays the queue from track to track", () => {
  const { player, done, emit } = setUp("abc");
  player.play();
  assert.equal(player.values.phase, "loading");
  for (const name of "abc") {
    assert.equal(player.values.current.track.id, name);
    emit("started", { preview: false });
    assert.equal(player.values.phase, "playing");
    emit("ended");
  }
  assert.deepEqual(done, ["load a", "play", "load b", "play", "load c", "play", "stop"]);
  assert.equal(player.values.phase, "paused");
  assert.deepEqual(player.queue.recent, ["a", "b", "c"]);
});

test("a pause keeps the track where it is, and play resumes it", () => {
  const { player, done, emit } = setUp("ab");
  player.play();
  emit("started", { preview: false });
  emit("progress", { position_s: 12, duration_s: 200 });
  player.pause();
  assert.equal(player.values.phase, "paused");
  player.play();
  assert.deepEqual(done, ["load a", "play", "pause", "play"]);
  assert.equal(player.values.phase, "playing");
});

test("a track that fails is skipped, and why is said while the next one plays", () => {
  const { player, emit } = setUp("ab");
  player.play();
  emit("failed", { reason: "gone" });
  assert.equal(player.values.current.track.id, "b");
  assert.deepEqual(player.values.problem, { reason: "gone", title: "a", stopped: false });
  emit("started", { preview: false });
  assert.deepEqual(player.values.problem, { reason: "gone", title: "a", stopped: false });
  player.next();
  player.queue.append(entries("c"));
  emit("ended");
  assert.equal(player.values.problem, null);
});

test("a track that is gone does not come again in this tab; one that was too slow may", () => {
  const { player, emit } = setUp("abc");
  player.play();
  emit("failed", { reason: "gone" });
  emit("failed", { reason: "stalled" });
  player.fill(entries("abd"), "append");
  assert.deepEqual(player.queue.entries.map(({ track }) => track.id), ["a", "b", "c", "d"]);
  player.fill(entries("abd"), "replace");
  assert.deepEqual(player.queue.entries.map(({ track }) => track.id), ["b", "d"]);
});

test("three failures in a row stop the queue with one notice", () => {
  const { player, done, emit } = setUp("abcdef");
  player.play();
  for (let i = 0; i < MAX_FAILURES; i += 1) {
    emit("failed", { reason: "gone" });
  }
  assert.equal(player.values.phase, "paused");
  assert.deepEqual(player.values.problem, { reason: "gone", title: "c", stopped: true });
  assert.equal(player.values.current.track.id, "c");
  assert.equal(done.at(-1), "stop");
  player.play();
  assert.equal(done.at(-2), "load c");
});

test("a track that starts ends a row of failures", () => {
  const { player, emit } = setUp("abcdefg");
  player.play();
  emit("failed", { reason: "gone" });
  emit("failed", { reason: "gone" });
  emit("started", { preview: false });
  emit("ended");
  emit("failed", { reason: "gone" });
  emit("failed", { reason: "stalled" });
  assert.equal(player.values.phase, "loading");
});

test("autoplay refused leaves the queue where it is", () => {
  const { player, done, emit } = setUp("ab");
  player.play();
  emit("failed", { reason: "refused" });
  assert.equal(player.values.current.track.id, "a");
  assert.deepEqual([player.values.phase, player.values.problem.reason], ["paused", "refused"]);
  player.play();
  assert.deepEqual(done, ["load a", "play", "play"]);
});

for (const reason of ["offline", "blocked"]) {
  test(`a source that cannot be reached (${reason}) stops at once`, () => {
    const { player, emit } = setUp("ab");
    player.play();
    emit("failed", { reason });
    assert.deepEqual([player.values.phase, player.values.problem], ["paused", { reason, title: "a", stopped: false }]);
    assert.equal(player.values.current.track.id, "a");
  });
}

test("progress after a pause before the first position says that it plays", () => {
  const { player, emit } = setUp("ab");
  player.play();
  emit("started", { preview: false });
  player.pause();
  player.play();
  assert.equal(player.values.phase, "loading");
  emit("progress", { position_s: 0.1, duration_s: 200 });
  assert.equal(player.values.phase, "playing");
});

test("a reload brings the queue back, paused", () => {
  const first = setUp("abc");
  first.player.play();
  first.emit("started", { preview: false });
  first.player.next();
  const second = setUp(null, first.stored());
  assert.deepEqual([second.player.values.phase, second.player.values.current.track.id], ["paused", "b"]);
  assert.equal(second.asked(), false);
});

test("back goes to the start of a track that has played a while, else to the one before", () => {
  const { player, done, emit } = setUp("ab");
  player.play();
  emit("started", { preview: false });
  player.next();
  emit("started", { preview: false });
  emit("progress", { position_s: 9, duration_s: 200 });
  player.back();
  assert.equal(done.at(-1), "seek");
  player.back();
  assert.equal(player.values.current.track.id, "a");
});

test("a new plan keeps what plays; removing what plays plays the next", () => {
  const { player, done, emit } = setUp("abc");
  player.play();
  emit("started", { preview: false });
  player.replan(entries("xy"));
  assert.deepEqual(player.queue.entries.map(({ track }) => track.id), ["a", "x", "y"]);
  assert.equal(done.length, 2);
  player.remove(0);
  assert.equal(done.at(-2), "load x");
});

test("events of a queue that was cleared change nothing", () => {
  const { player, emit } = setUp("ab");
  player.play();
  player.clear();
  emit("started", { preview: false });
  assert.equal(player.values.phase, "empty");
});
