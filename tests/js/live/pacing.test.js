import assert from "node:assert/strict";
import test from "node:test";

import { Pacing, MAX_INTERVAL_MS } from "../../../static/js/live/pacing.js";

test("quick replies leave the camera's rate alone", () => {
  const pacing = new Pacing(10);
  for (let i = 0; i < 20; i += 1) pacing.replied(15, 0);
  assert.equal(pacing.wait(15), 85);
});

test("slow replies lower the rate by themselves, and quick ones raise it again", () => {
  const pacing = new Pacing(10);
  for (let i = 0; i < 20; i += 1) pacing.replied(200, 0);
  assert.ok(pacing.interval_ms > 390 && pacing.interval_ms <= 400);
  for (let i = 0; i < 20; i += 1) pacing.replied(10, 0);
  assert.equal(pacing.interval_ms, 100);
});

test("the rate never falls below one picture in two seconds", () => {
  const pacing = new Pacing(10);
  pacing.replied(60_000, 0);
  assert.equal(pacing.interval_ms, MAX_INTERVAL_MS);
});

test("the server's wish is kept, counted from its reply", () => {
  const pacing = new Pacing(10);
  pacing.replied(10, 5000);
  assert.equal(pacing.wait(10), 5000);
  pacing.replied(10, 0);
  assert.equal(pacing.wait(10), 90);
});

test("a missing reply waits longest", () => {
  const pacing = new Pacing(10);
  pacing.missed();
  assert.equal(pacing.wait(3000), MAX_INTERVAL_MS);
});

test("time that has passed is not waited for again", () => {
  const pacing = new Pacing(10);
  pacing.replied(20, 0);
  assert.equal(pacing.wait(500), 0);
});

test("who shares with nobody waits less", () => {
  const [shared, alone] = [new Pacing(20), new Pacing(20, 1.25)];
  for (const pacing of [shared, alone]) pacing.replied(100, 0);
  assert.deepEqual([shared.interval_ms, alone.interval_ms], [200, 125]);
});
