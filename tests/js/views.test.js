import assert from "node:assert/strict";
import test from "node:test";

import { faultCode } from "../../static/js/camera.js";
import { duration, howSure } from "../../static/js/mood-view.js";
import { note } from "../../static/js/tracks-view.js";

test("a mood that just began tells how sure it is, one that holds for how long", () => {
  assert.equal(howSure({ emotion: "happy", confidence: 0.874, since_s: 0.4 }), "87 % sure");
  assert.equal(howSure({ emotion: "happy", confidence: 0.874, since_s: 12.9 }), "87 % sure, for 12 s");
});

test("durations are told in minutes and seconds", () => {
  assert.equal(duration(59.9), "59 s");
  assert.equal(duration(125), "2 min 5 s");
});

test("what the browsers call a fault becomes one of ours", () => {
  assert.equal(faultCode("NotAllowedError"), "refused");
  assert.equal(faultCode("NotFoundError"), "none");
  assert.equal(faultCode("OverconstrainedError"), "none");
  assert.equal(faultCode("NotReadableError"), "in-use");
  assert.equal(faultCode("SomethingNew"), "in-use");
});

test("the line over the tracks says what is missing, and nothing when all is well", () => {
  const tracks = [{ id: "x" }];
  assert.equal(note({ tracks, note: "" }, true), "");
  assert.equal(note({ tracks, note: "Spotify rests." }, true), "Spotify rests.");
  assert.equal(note({ tracks: [], note: "" }, true), "No track fits right now.");
  assert.match(note({ tracks, note: "" }, false), /^You are offline/);
});
