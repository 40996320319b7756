import assert from "node:assert/strict";
import test from "node:test";

import { completions, genres } from "../../../static/js/live/wishes.js";

test("genres are named between commas, in lower case, each once", () => {
  assert.deepEqual(genres(" Jazz, indie rock,,JAZZ , "), ["jazz", "indie rock"]);
  assert.deepEqual(genres("  "), []);
});

test("the last name is completed, the names before stay", () => {
  const names = ["indie", "indie pop", "jazz"];
  assert.deepEqual(completions("jazz, ind", names), ["jazz, indie", "jazz, indie pop"]);
  assert.deepEqual(completions("indie", names), ["indie pop"]);
  assert.deepEqual(completions("jazz, ", names), []);
});
