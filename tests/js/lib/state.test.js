import assert from "node:assert/strict";
import test from "node:test";

import { State } from "../../../static/js/lib/state.js";

test("an observer is called when one of its values changes, and not otherwise", () => {
  const state = new State({ one: 1, other: 1, third: null });
  const seen = [];
  state.observe(["one", "other"], ({ one, other }) => seen.push([one, other]));
  state.update({ third: 3 });
  state.update({ one: 1 });
  assert.deepEqual(seen, []);
  state.update({ one: 2, other: 2 });
  assert.deepEqual(seen, [[2, 2]]);
});

test("observers are called in order, and one that updates sees its change at once", () => {
  const state = new State({ stage: "live", recording: true });
  const seen = [];
  state.observe(["stage"], ({ stage }) => {
    seen.push(stage);
    state.update({ recording: false });
  });
  state.observe(["recording"], ({ recording }) => seen.push(recording));
  state.observe(["stage"], ({ recording }) => seen.push(["after", recording]));
  state.update({ stage: "stopped" });
  assert.deepEqual(seen, ["stopped", false, ["after", false]]);
});

test("the values given at first are not changed", () => {
  const initial = { one: 1 };
  const state = new State(initial);
  state.update({ one: 2 });
  assert.deepEqual([initial, state.values], [{ one: 1 }, { one: 2 }]);
});
