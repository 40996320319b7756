import assert from "node:assert/strict";
import test from "node:test";

import { MAX_LENGTH_MS, MoodHistory } from "../../../static/js/live/mood-history.js";
import { columns } from "../../../static/js/views/mood-chart.js";

const sample = (at_ms, mood = "happy", probabilities = [0.2, 0.8], valence = 0.3, arousal = -0.1) => ({
  at_ms,
  mood,
  probabilities,
  valence: probabilities && valence,
  arousal: probabilities && arousal,
});

function filled(...samples) {
  const history = new MoodHistory();
  for (const one of samples) history.add(one);
  return history;
}

test("moments closer than half a second are one", () => {
  const history = filled(sample(0), sample(499), sample(500));
  assert.deepEqual(history.samples.map(({ at_ms }) => at_ms), [0, 500]);
});

test("what is older than ten minutes is forgotten", () => {
  const history = filled(sample(0), sample(1000), sample(MAX_LENGTH_MS + 500));
  assert.deepEqual(history.samples.map(({ at_ms }) => at_ms), [1000, MAX_LENGTH_MS + 500]);
});

test("shares tell how long each mood held, largest first, leaving out the time without one", () => {
  const history = filled(sample(0, "sad"), sample(500), sample(1000), sample(1500, null), sample(2000));
  assert.deepEqual(history.shares(), [["happy", 0.75], ["sad", 0.25]]);
  assert.equal(history.length_s, 2);
});

test("CSV has a line for each moment, empty where no face was seen", () => {
  const history = filled(sample(0), sample(1000, null, null));
  assert.equal(
    history.toCsv(["sad", "happy"]),
    "time,mood,sad,happy,valence,arousal\r\n1970-01-01T00:00:00.000Z,happy,0.2,0.8,0.3,-0.1\r\n1970-01-01T00:00:01.000Z,,,,,\r\n",
  );
});

test("JSON names the emotions and every moment", () => {
  assert.deepEqual(JSON.parse(filled(sample(0)).toJson(["sad", "happy"])), {
    emotions: ["sad", "happy"],
    samples: [{ time: "1970-01-01T00:00:00.000Z", mood: "happy", probabilities: [0.2, 0.8], valence: 0.3, arousal: -0.1 }],
  });
});

test("what a tab kept comes back; anything else is an empty line", () => {
  const history = new MoodHistory();
  history.unpack(filled(sample(0), sample(500)).pack());
  assert.equal(history.samples.length, 2);
  for (const text of [null, "", "{", "{}", "[1, null]"]) {
    history.unpack(text);
    assert.deepEqual(history.samples, []);
  }
});

test("clearing leaves nothing", () => {
  const history = filled(sample(0));
  history.clear();
  assert.deepEqual([history.samples, history.length_s, history.shares()], [[], 0, []]);
});

test("the chart gets seconds and one column for each emotion, with gaps where no face was", () => {
  assert.deepEqual(columns([sample(0), sample(500, null, null)], 2), [[0, 0.5], [0.2, null], [0.8, null]]);
});
