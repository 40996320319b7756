import assert from "node:assert/strict";
import test from "node:test";

import { Pace, SLOWEST_MS } from "../../../static/js/live/pacing.js";

test("quick replies leave the camera's rate alone", () => {
  const pace = new Pace(10);
  for (let i = 0; i < 20; i += 1) pace.replied(15, 0);
  assert.equal(pace.wait(15), 85);
});

test("slow replies lower the rate by themselves, and quick ones raise it again", () => {
  const pace = new Pace(10);
  for (let i = 0; i < 20; i += 1) pace.replied(200, 0);
  assert.ok(pace.interval_ms > 390 && pace.interval_ms <= 400);
  for (let i = 0; i < 20; i += 1) pace.replied(10, 0);
  assert.equal(pace.interval_ms, 100);
});

test("the rate never falls below one picture in two seconds", () => {
  const pace = new Pace(10);
  pace.replied(60_000, 0);
  assert.equal(pace.interval_ms, SLOWEST_MS);
});

test("the server's wish is kept, counted from its reply", () => {
  const pace = new Pace(10);
  pace.replied(10, 5000);
  assert.equal(pace.wait(10), 5000);
  pace.replied(10, 0);
  assert.equal(pace.wait(10), 90);
});

test("a missing reply waits longest", () => {
  const pace = new Pace(10);
  pace.missed();
  assert.equal(pace.wait(3000), SLOWEST_MS);
});

test("time that has passed is not waited for again", () => {
  const pace = new Pace(10);
  pace.replied(20, 0);
  assert.equal(pace.wait(500), 0);
});

test("who shares with nobody waits less", () => {
  const [shared, alone] = [new Pace(20), new Pace(20, 1.25)];
  for (const pace of [shared, alone]) pace.replied(100, 0);
  assert.deepEqual([shared.interval_ms, alone.interval_ms], [200, 125]);
});
