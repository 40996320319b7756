import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { note } from "../../../static/js/views/tracks-view.js";
import { duration, guessText, howSure, MomentView } from "../../../static/js/views/valence-arousal-view.js";
import { translator } from "../../../static/js/lib/i18n.js";
const english = JSON.parse(readFileSync(new URL("../../../static/messages/en.json", import.meta.url), "utf8"));
const t = translator(english);

test("a mood that just began tells how sure it is, one that holds for how long", () => {
  assert.equal(howSure({ emotion: "happy", confidence: 0.874, since_s: 0.4 }, [], t), "87 % sure");
  assert.equal(howSure({ emotion: "happy", confidence: 0.874, since_s: 12.9 }, [], t), "87 % sure, for 12 s");
});

test("a mood that is not sure says so, and what it could be as well", () => {
  const emotions = [{ name: "angry", label: "Angry" }];
  const mood = { emotion: "neutral", confidence: 0.44, since_s: 12 };
  assert.equal(howSure({ ...mood, sure: false, second: "angry" }, emotions, t), "Not sure (44 %), could as well be angry");
  assert.equal(howSure({ ...mood, sure: false, second: null }, emotions, t), "Not sure (44 %)");
  assert.equal(howSure({ ...mood, confidence: 0.52, sure: true, second: "angry" }, emotions, t), "52 % sure, could as well be angry");
  assert.equal(guessText({ sure: true, second: null }, 80, emotions, t), "80 % sure");
});

test("where the face shows another emotion than the mood, the page says what the mood is turning to", () => {
  const line = { hidden: true, textContent: "" };
  const emotions = [{ name: "happy", label: "Happy" }, { name: "neutral", label: "Neutral" }];
  const view = new MomentView(line, emotions, t);
  view.update([0.6, 0.4], { emotion: "neutral" });
  assert.deepEqual(line, { hidden: false, textContent: "Turning happy" });
  view.update([0.6, 0.4], { emotion: "happy" });
  assert.equal(line.textContent, "At this moment: Happy");
  view.update([0.6, 0.4], null);
  assert.equal(line.textContent, "At this moment: Happy");
  view.update(null, null);
  assert.deepEqual(line, { hidden: true, textContent: "" });
});

test("durations are told in minutes and seconds", () => {
  assert.equal(duration(59.9, t), "59 s");
  assert.equal(duration(125, t), "2 min 5 s");
});

test("the line over the tracks says what is missing, and nothing when all is well", () => {
  const tracks = [{ id: "x" }];
  assert.equal(note({ tracks, note: "" }, true, t), "");
  assert.equal(note({ tracks, note: "Spotify rests." }, true, t), "Spotify rests.");
  assert.equal(note({ tracks: [], note: "" }, true, t), "No songs match these filters. Remove one.");
  assert.match(note({ tracks, note: "" }, false, t), /^You are offline/);
});
