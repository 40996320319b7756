import assert from "node:assert/strict";
import test from "node:test";

import { AutoRefresh } from "../../../static/js/music/auto-refresh.js";

const mood = (emotion, since_s) => ({ emotion, since_s, confidence: 0.9 });

function autoRefresh(fields = {}) {
  return Object.assign(new AutoRefresh(), { on: true, hold_s: 10 }, fields);
}

test("a new mood is offered once, after it has held", () => {
  const offers = autoRefresh();
  offers.served("happy");
  assert.equal(offers.next(mood("sad", 9.9)), null);
  assert.equal(offers.next(mood("sad", 10)), "sad");
  assert.equal(offers.next(mood("sad", 11)), null);
});

test("the mood that the tracks are for is not offered again", () => {
  const offers = autoRefresh();
  offers.served("happy");
  assert.equal(offers.next(mood("happy", 60)), null);
  assert.equal(offers.next(mood("sad", 60)), "sad");
  assert.equal(offers.next(mood("happy", 60)), "happy");
});

test("nothing is offered while the mode is off or no mood holds", () => {
  assert.equal(autoRefresh({ on: false }).next(mood("sad", 60)), null);
  assert.equal(autoRefresh().next(null), null);
});
