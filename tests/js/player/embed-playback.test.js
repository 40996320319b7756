// One track in Spotify's embed, as its updates and their faults tell it. Times are the test's own.
import assert from "node:assert/strict";
import test from "node:test";

import { EmbedPlayback } from "../../../static/js/player/sources/embed-playback.js";
import { START_TIMEOUT_MS } from "../../../static/js/player/sources/source.js";

const LENGTH = 200_000;
const STEP = 100;

/** Plays `script`: what the embed tells at each time (ms → update or function), ticks in between. */
function run(length = LENGTH, before = null) {
  const playback = new EmbedPlayback("spotify:track:x", 0, before);
  let now = 0;
  const seen = [];
  const note = (events) => events.forEach((event) => event.type !== "progress" && seen.push({ ...event, at: now }));
  const self = {
    playback,
    seen,
    types: () => seen.map(({ type, reason }) => reason ?? type),
    get now() {
      return now;
    },
    tell(position, { isPaused = false, isBuffering = false, duration = length, ...more } = {}) {
      note(playback.update({ isPaused, isBuffering, position, duration, ...more }, now));
      return self;
    },
    wait(ms) {
      for (const end = now + ms; now < end; ) {
        now = Math.min(now + STEP, end);
        note(playback.tick(now));
      }
      return self;
    },
    /** Plays from `from` to `to` with an update each 500 ms. */
    from(from, to) {
      for (let position = from; position <= to; position += 500) {
        self.tell(position);
        self.wait(500);
      }
      return self;
    },
  };
  playback.play(0);
  return self;
}

test("a track counts from its first update that really plays", () => {
  const track = run().tell(0, { isPaused: true }).wait(300).tell(0).wait(100).tell(200, { isBuffering: true });
  assert.deepEqual(track.types(), []);
  track.wait(200).tell(400);
  assert.deepEqual(track.seen, [{ type: "started", preview: false, at: 600 }]);
});

test("a track of 30 s is a preview", () => {
  assert.equal(run(29_700).tell(300).seen[0].preview, true);
  assert.equal(run(31_500).tell(300).seen[0].preview, false);
});

test("a track without any update fails after 8 s: it is gone, or nothing was heard of the embed at all", () => {
  assert.deepEqual(run().wait(START_TIMEOUT_MS).types(), ["unanswered"]);
  const track = run().wait(START_TIMEOUT_MS - 100);
  track.playback.ready();
  assert.deepEqual(track.types(), []);
  assert.deepEqual(track.wait(200).types(), ["gone"]);
  assert.deepEqual(track.wait(20_000).types(), ["gone"]);
});

test("a track without a length is gone", () => {
  assert.deepEqual(run().tell(0, { isPaused: true, duration: 0 }).wait(9000).types(), ["gone"]);
});

test("a track that has loaded but stays paused was refused, and a press in the embed still starts it", () => {
  const track = run().tell(0, { isPaused: true }).wait(9000);
  assert.deepEqual(track.types(), ["refused"]);
  assert.deepEqual(track.wait(9000).tell(300).types(), ["refused", "started"]);
});

test("play is asked for again while nothing starts, and not once it has", () => {
  const track = run();
  const asked = [];
  for (let i = 0; i < 70; i += 1) {
    track.wait(100);
    if (track.playback.asksAgain(track.now)) asked.push(track.now);
  }
  assert.deepEqual(asked, [1500, 3500, 5500]);
  const started = run().tell(200);
  assert.equal(started.playback.asksAgain(5000), false);
});

test("paused at the last position is the end", () => {
  assert.deepEqual(run().from(198_000, 199_500).tell(LENGTH, { isPaused: true }).types(), ["started", "ended"]);
});

test("paused at the last position that was told, half a second before the end, is the end", () => {
  assert.deepEqual(run().from(198_000, 199_500).tell(199_500, { isPaused: true }).types(), ["started", "ended"]);
});

test("a track that ends without a word ends by the clock", () => {
  const track = run().from(198_000, 199_500).wait(2000);
  assert.deepEqual(track.types(), ["started", "ended"]);
  assert.ok(track.seen[1].at <= 3000, String(track.seen[1].at));
});

test("updates that stop in the middle are no end before its time", () => {
  const track = run().from(100, 60_000);
  const stopped = track.now;
  assert.deepEqual(track.wait(100_000).types(), ["started"]);
  track.wait(60_000);
  assert.deepEqual(track.types(), ["started", "ended"]);
  assert.ok(track.seen[1].at >= stopped + 139_000);
});

test("updates that stand still at the end are the end", () => {
  assert.deepEqual(run().from(198_000, 199_500).tell(LENGTH).wait(500).tell(LENGTH).types(), ["started", "ended"]);
});

test("a track that ends late ends when it stops", () => {
  assert.deepEqual(run().from(198_000, 201_500).tell(202_000, { isPaused: true }).types(), ["started", "ended"]);
});

test("a track that goes back to its start by itself has ended", () => {
  assert.deepEqual(run().from(100, 30_000).tell(0, { isPaused: true }).types(), ["started", "ended"]);
});

test("a track that stops at 30 s has ended: logged out, that is all there is", () => {
  assert.deepEqual(run().from(0, 29_500).tell(29_900, { isPaused: true }).types(), ["started", "ended"]);
});

test("a pause in the middle is the listener's, and so is what follows it", () => {
  const track = run().from(100, 60_000).tell(60_100, { isPaused: true }).wait(300_000);
  assert.deepEqual(track.types(), ["started", "paused"]);
  assert.deepEqual(track.tell(60_300).types(), ["started", "paused", "resumed"]);
});

test("a pause by the listener a second before the end is no end", () => {
  // In the embed itself: by the clock a second is left.
  assert.deepEqual(run().from(190_000, 198_500).tell(199_000, { isPaused: true }).wait(60_000).types(), ["started", "paused"]);
  // By our own button.
  const ours = run().from(198_000, 199_500);
  ours.playback.pause();
  assert.deepEqual(ours.tell(199_900, { isPaused: true }).wait(60_000).types(), ["started"]);
});

test("a track that buffers for long has failed, one that buffers a while has not", () => {
  const track = run().from(100, 60_000).tell(60_100, { isBuffering: true }).wait(14_000);
  assert.deepEqual(track.types(), ["started"]);
  assert.deepEqual(track.wait(2000).types(), ["started", "stalled"]);
  const better = run().from(100, 60_000).tell(60_100, { isBuffering: true }).wait(10_000).tell(60_300).wait(500);
  assert.deepEqual(better.types(), ["started"]);
});

test("late updates of the track before start nothing", () => {
  const last = { isPaused: false, isBuffering: false, position: 199_900, duration: LENGTH };
  assert.deepEqual(run(LENGTH, last).wait(100).tell(199_950).types(), []);
  assert.deepEqual(run().wait(100).tell(500, { playingURI: "spotify:track:other" }).types(), []);
});

test("nothing comes after the end", () => {
  const track = run().from(198_000, 199_500).tell(LENGTH, { isPaused: true });
  assert.deepEqual(track.tell(0).tell(LENGTH, { isPaused: true }).wait(9000).types(), ["started", "ended"]);
});
