import assert from "node:assert/strict";
import test from "node:test";

import { MAX_RECORDING_MS, RECORDING_MS, BaselineRecorder } from "../../../static/js/live/baseline-recorder.js";

const one = [0.1, 0, 0, 0, 0.5, 0, 0.4];
const other = [0.3, 0, 0, 0, 0.3, 0, 0.4];

/** What the last of `readings`, spread evenly over the time, gives. */
function record(readings, lasts_ms = RECORDING_MS) {
  const recorder = new BaselineRecorder(1000);
  let state;
  readings.forEach((reading, i) => (state = recorder.add(reading, 1000 + (lasts_ms * (i + 1)) / readings.length)));
  return state;
}

test("three seconds of a neutral face give the median of the readings", () => {
  assert.deepEqual(record([one, other, one, other]), {
    progress: 1,
    done: true,
    probabilities: [0.2, 0, 0, 0, 0.4, 0, 0.4],
  });
});

test("a moment of something else does not count", () => {
  const laugh = [0, 0, 0, 1, 0, 0, 0];
  assert.deepEqual(record([one, laugh, one, one, one, laugh, one, one]).probabilities, one);
});

test("before the three seconds are over there is no baseline", () => {
  const state = new BaselineRecorder(0).add(one, RECORDING_MS / 2);
  assert.deepEqual(state, { progress: 0.25, done: false, probabilities: null });
});

test("a slow server gets more time", () => {
  assert.equal(record([one, one, one]).done, false);
  assert.deepEqual(record([one, one, one, one], 2 * RECORDING_MS).probabilities, one);
});

for (const [name, readings] of Object.entries({
  "nobody in view": [null, null, null, null, null],
  "too few readings": [one, one, one],
  "a face that never showed the same twice": [0, 1, 2, 3].map((i) => one.map((_, j) => (i === j ? 1 : 0))),
  "a face that was away half of the time": [one, one, one, one, null, null, null, null],
})) {
  test(`${name} gives no baseline`, () => {
    const state = record(readings, MAX_RECORDING_MS);
    assert.deepEqual([state.done, state.probabilities], [true, null]);
  });
}
