import assert from "node:assert/strict";
import test from "node:test";

import { EDGE, place } from "../../../static/js/views/valence-arousal-view.js";

test("pleasant is right, excited is up, and nothing leaves the plane", () => {
  assert.deepEqual(place(EDGE / 2, EDGE), [0.5, -1]);
  assert.deepEqual(place(-2, -2), [-1, 1]);
});

test("without a reading there is no point", () => {
  assert.equal(place(null, 0), null);
});
