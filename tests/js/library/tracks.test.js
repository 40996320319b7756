// The library's tracks: searched, put into words, found by a press.
import assert from "node:assert/strict";
import test from "node:test";

import { nearest } from "../../../static/js/library/plane.js";
import { facts, search, tracksOf } from "../../../static/js/library/tracks.js";

const t = (key, values = {}) => `${key}${Object.values(values).join("")}`;
const fields = ["key", "title", "artist", "album", "tempo", "loudness", "pitch_class", "mode", "method", "placed"];
const tracks = tracksOf(fields, [
  ["a", "Été", "Ångström", "First", 119.6, -9.04, 9, 0, "sound", false],
  ["b", "Winter", "Other", "First", 0, -20, null, null, "name", true],
]);

test("rows become tracks", () => {
  assert.equal(tracks[0].title, "Été");
  assert.equal(tracks[1].key, "b");
});

test("every word is looked for in title, artist and album, whatever accents and capitals", () => {
  assert.equal(search(tracks, "  "), null);
  assert.deepEqual(search(tracks, "first"), [0, 1]);
  assert.deepEqual(search(tracks, "ETE angstrom"), [0]);
  assert.deepEqual(search(tracks, "winter angstrom"), []);
});

test("what is known is said, and what a hand has placed before how it was read", () => {
  assert.deepEqual(facts(tracks[0], t).map(([, value]) => value), ["library.how.sound", "120 BPM", "library.minorA", "-9.0 LUFS"]);
  assert.deepEqual(facts(tracks[1], t).map(([, value]) => value), ["library.how.placed", "–", "–", "-20.0 LUFS"]);
});

test("a press finds the nearest point within reach, of those that are shown strongly", () => {
  const places = [[10, 10], [14, 10], [100, 100]];
  assert.equal(nearest(places, 13, 10, null), 1);
  assert.equal(nearest(places, 13, 10, new Set([0])), 0);
  assert.equal(nearest(places, 50, 50, null), -1);
});

test("fifty thousand points are searched within a frame", () => {
  const places = Array.from({ length: 50_000 }, (_, i) => [i % 500, Math.floor(i / 500)]);
  nearest(places, 1, 1, null);
  const began = performance.now();
  nearest(places, 250, 50, null);
  assert.ok(performance.now() - began < 100);
});
