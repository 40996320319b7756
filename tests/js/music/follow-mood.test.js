import assert from "node:assert/strict";
import test from "node:test";

import { FollowMood, fresh, PLANNED } from "../../../static/js/music/follow-mood.js";
import { OfflineTracks } from "../../../static/js/music/offline-tracks.js";
import { entriesOf, feel } from "../../../static/js/music/track-reason.js";

const mood = (emotion, since_s) => ({ emotion, since_s, confidence: 1, valence: null, arousal: null });
const t = (key, values = {}) => `${key}${Object.values(values).length ? `(${Object.values(values).join()})` : ""}`;

test("a mood plans anew once it has held, and once only", () => {
  const follow = new FollowMood(20);
  follow.on = true;
  follow.emotion = "happy";
  assert.equal(follow.changed(mood("sad", 19.9)), false);
  assert.equal(follow.changed(mood("sad", 20)), true);
  assert.equal(follow.changed(mood("sad", 60)), false);
  assert.equal(follow.changed(mood("happy", 5)), false);
  assert.equal(follow.changed(null), false);
});

test("the first mood plans at once; switched off nothing does", () => {
  const follow = new FollowMood(20);
  assert.equal(follow.changed(mood("sad", 60)), false);
  follow.on = true;
  assert.equal(follow.changed(mood("sad", 0)), true);
});

test("while the tab is hidden the last mood holds and nothing is planned; then a mood that has held is", () => {
  const follow = new FollowMood(20);
  follow.on = true;
  follow.emotion = "happy";
  assert.equal(follow.changed(mood("sad", 60), true), false);
  assert.equal(follow.changed(null, true), false);
  assert.equal(follow.emotion, "happy");
  assert.equal(follow.changed(mood("sad", 19), false), false);
  assert.equal(follow.changed(mood("sad", 60), false), true);
});

test("the first mood of a hidden tab plans nothing", () => {
  const follow = new FollowMood(20);
  follow.on = true;
  assert.equal(follow.changed(mood("sad", 60), true), false);
  assert.equal(follow.emotion, null);
});

test("offline a plan comes from the lists in this browser, without what was played", async () => {
  const tracks = Object.fromEntries([..."abcdefgh"].map((id) => [id, [`Title ${id}`, "Artist", null]]));
  globalThis.fetch = async () => new Response(JSON.stringify({ tracks, lists: { sad: { match: [[..."abcdefgh"]] } } }));
  const planned = entriesOf(await new OfflineTracks().snap({ emotion: "sad", goal: "match" }), t);
  const entries = fresh(planned, (id) => "ab".includes(id), PLANNED);
  assert.equal(entries.map(({ track }) => track.id).join(""), "cdefg");
  assert.deepEqual(new Set(entries.map(({ place, why }) => `${place} ${why}`)), new Set(["null "]));
});

test("a plan leaves out what was played", () => {
  const entries = ["a", "b", "c", "d"].map((id) => ({ track: { id }, place: null, why: "" }));
  assert.deepEqual(fresh(entries, (id) => id === "b", 2).map(({ track }) => track.id), ["a", "c"]);
});

test("why a track is there comes from its place and its step", () => {
  assert.equal(feel({ valence: 0.9, energy: 0.8 }, t), "why.and(path.bright,path.lively)");
  assert.equal(feel({ valence: 0.1, energy: 0.5 }, t), "path.dark");
  assert.equal(feel({ valence: 0.5, energy: 0.5 }, t), "why.middle");
  const tracks = [{ id: "a" }, { id: "b" }];
  const path = [{ aim: {}, track: { valence: 0.5, energy: 0.2 } }, { aim: {}, track: null }];
  const whys = (goal, more = {}) => entriesOf({ tracks, path, goal, ...more }, t).map(({ why }) => why);
  assert.deepEqual(whys("match"), ["path.quiet, why.near", ""]);
  assert.deepEqual(whys("lift"), ["path.quiet, why.step(1,2,goal.lift)", ""]);
  assert.deepEqual(whys("lift", { stays: true }), ["path.quiet, why.near", ""]);
  const wished = ["rock", "jazz"];
  assert.deepEqual(whys("match", { wished }), ["path.quiet, why.near; why.wished(rock)", "why.wished(jazz)"]);
  assert.deepEqual(whys("match", { wished: [null, null] }), ["path.quiet, why.near", ""]);
});

test("a mood's mixture is the mean of its readings, and another mood's does not count", () => {
  const follow = new FollowMood(20);
  follow.emotion = "sad";
  assert.equal(follow.mixture, null);
  follow.read(mood("sad", 0), [0, 0, 0, 0, 0.6, 0, 0.4]);
  follow.read(mood("sad", 1), [0, 0, 0, 0, 1, 0, 0]);
  follow.read(null, [1, 0, 0, 0, 0, 0, 0]);
  follow.read(mood("sad", 2), null);
  assert.deepEqual(follow.mixture.map((value) => Number(value.toFixed(6))), [0, 0, 0, 0, 0.8, 0, 0.2]);
  follow.read(mood("happy", 0), [0, 0, 0, 1, 0, 0, 0]);
  assert.equal(follow.mixture, null);
  follow.emotion = "happy";
  assert.deepEqual(follow.mixture, [0, 0, 0, 1, 0, 0, 0]);
});

test("a mixture follows the readings of a mood that holds for long", () => {
  const follow = new FollowMood(20);
  follow.emotion = "sad";
  for (let i = 0; i < 5000; i += 1) follow.read(mood("sad", i), [0, 0, 0, 0, 1, 0, 0]);
  for (let i = 0; i < 1000; i += 1) follow.read(mood("sad", i), [0, 0, 0, 0, 0.6, 0, 0.4]);
  assert.ok(follow.mixture[6] > 0.39);
});
