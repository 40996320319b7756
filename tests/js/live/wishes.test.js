import assert from "node:assert/strict";
import test from "node:test";

import { genres } from "../../../static/js/live/wishes.js";

test("genres are named between commas, in lower case, each once", () => {
  assert.deepEqual(genres(" Jazz, indie rock,,JAZZ , "), ["jazz", "indie rock"]);
  assert.deepEqual(genres("  "), []);
});
