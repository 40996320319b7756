import assert from "node:assert/strict";
import test from "node:test";

import { LONGEST_MS, RESTING_MS, RestingFace } from "../../../static/js/live/baseline.js";

const one = [0.1, 0, 0, 0, 0.5, 0, 0.4];
const other = [0.3, 0, 0, 0, 0.3, 0, 0.4];

/** What the last of `readings`, spread evenly over the time, gives. */
function learn(readings, lasts_ms = RESTING_MS) {
  const resting = new RestingFace(1000);
  let state;
  readings.forEach((reading, i) => (state = resting.see(reading, 1000 + (lasts_ms * (i + 1)) / readings.length)));
  return state;
}

test("three seconds of looking neutral give the middle of what was seen", () => {
  assert.deepEqual(learn([one, other, one, other]), {
    progress: 1,
    done: true,
    probabilities: [0.2, 0, 0, 0, 0.4, 0, 0.4],
  });
});

test("a moment of something else teaches nothing", () => {
  const laugh = [0, 0, 0, 1, 0, 0, 0];
  assert.deepEqual(learn([one, laugh, one, one, one, laugh, one, one]).probabilities, one);
});

test("before the three seconds are over nothing is learned", () => {
  const state = new RestingFace(0).see(one, RESTING_MS / 2);
  assert.deepEqual(state, { progress: 0.25, done: false, probabilities: null });
});

test("a slow server gets more time", () => {
  assert.equal(learn([one, one, one]).done, false);
  assert.deepEqual(learn([one, one, one, one], 2 * RESTING_MS).probabilities, one);
});

for (const [name, readings] of Object.entries({
  "nobody in view": [null, null, null, null, null],
  "too few readings": [one, one, one],
  "a face that never showed the same twice": [0, 1, 2, 3].map((i) => one.map((_, j) => (i === j ? 1 : 0))),
  "a face that was away half of the time": [one, one, one, one, null, null, null, null],
})) {
  test(`${name} teaches nothing`, () => {
    const state = learn(readings, LONGEST_MS);
    assert.deepEqual([state.done, state.probabilities], [true, null]);
  });
}
