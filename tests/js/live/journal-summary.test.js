import assert from "node:assert/strict";
import test from "node:test";

import { cells, dayCells, dayStart, lifting, shares, weekCells } from "../../../static/js/live/journal/summary.js";

const NOON = new Date(2026, 10, 28, 12);
const minute = (at, mood, valence = 0) => ({ minute: at, moods: { [mood]: 60 }, valence: valence * 60, seconds: 60 });

test("a cell wears the mood that held longest in it", () => {
  const minutes = [{ minute: 100, moods: { sad: 20, happy: 40 }, valence: 0, seconds: 60 }, minute(103, "angry")];
  assert.deepEqual(cells(minutes, 100, 3, 2), ["happy", "angry", null]);
});

test("what lies outside is left out", () => {
  assert.deepEqual(cells([minute(99, "sad"), minute(104, "sad")], 100, 2, 2), [null, null]);
});

test("a day has 96 quarters of an hour, a week seven rows of 24 hours", () => {
  const quarter_past_ten = dayStart(NOON) + 10 * 60 + 15;
  const day = dayCells([minute(quarter_past_ten, "happy")], NOON);
  assert.equal(day.length, 96);
  assert.deepEqual(day.flatMap((mood, i) => (mood ? [[i, mood]] : [])), [[41, "happy"]]);
  const week = weekCells([minute(quarter_past_ten, "happy")], NOON);
  assert.deepEqual(week.map(({ hours }) => hours.length), Array(7).fill(24));
  assert.equal(week[6].hours[10], "happy");
  assert.equal(week[0].at.getDate(), 22);
});

test("shares are of the cells with a mood", () => {
  assert.deepEqual(shares([null, "sad", "sad", "happy", null, "sad"]), [{ mood: "sad", share: 0.75 }, { mood: "happy", share: 0.25 }]);
  assert.deepEqual(shares([null]), []);
});

test("a track lifted where the mood was brighter some minutes after it began than before", () => {
  const track = (id) => ({ id, title: id, artist: "", year: null, url: "" });
  const minutes = Array.from({ length: 12 }, (_, i) => (i < 8 ? minute(i, "sad", -0.5) : minute(i, "happy", 0.5)));
  const plays = [
    { at_ms: 6 * 60_000, track: track("up"), emotion: "sad", goal: "lift" },
    { at_ms: 11 * 60_000, track: track("unknown after"), emotion: "happy", goal: "match" },
    { at_ms: 1, track: track("as before"), emotion: "sad", goal: "match" },
  ];
  assert.deepEqual(lifting(minutes, plays).map(({ track: { id } }) => id), ["up"]);
});
