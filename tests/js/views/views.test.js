import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { faultCode } from "../../../static/js/live/camera.js";
import { duration, howSure } from "../../../static/js/views/mood-view.js";
import { note } from "../../../static/js/views/tracks-view.js";
import { speaker } from "../../../static/js/lib/i18n.js";
const english = JSON.parse(readFileSync(new URL("../../../static/messages/en.json", import.meta.url), "utf8"));
const say = speaker(english);

test("a mood that just began tells how sure it is, one that holds for how long", () => {
  assert.equal(howSure({ emotion: "happy", confidence: 0.874, since_s: 0.4 }, say), "87 % sure");
  assert.equal(howSure({ emotion: "happy", confidence: 0.874, since_s: 12.9 }, say), "87 % sure, for 12 s");
});

test("durations are told in minutes and seconds", () => {
  assert.equal(duration(59.9, say), "59 s");
  assert.equal(duration(125, say), "2 min 5 s");
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
  assert.equal(note({ tracks, note: "" }, true, say), "");
  assert.equal(note({ tracks, note: "Spotify rests." }, true, say), "Spotify rests.");
  assert.equal(note({ tracks: [], note: "" }, true, say), "No track fits right now: wish for less, or for something else.");
  assert.match(note({ tracks, note: "" }, false, say), /^You are offline/);
});
