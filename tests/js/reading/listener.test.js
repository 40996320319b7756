// Whose face is the listener's and what is sure, as in Python: tests/vectors/listener.json.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { sharpness } from "../../../static/js/reading/crop.js";
import { FaceCover } from "../../../static/js/reading/expression.js";
import { listenerIndex } from "../../../static/js/reading/face-tracker.js";
import { guessOf } from "../../../static/js/reading/mood.js";

const vector = JSON.parse(readFileSync(new URL("../../vectors/listener.json", import.meta.url), "utf8"));

test("crops are as sharp as in Python", () => {
  for (const { pixels, sharpness: expected } of vector.crops) {
    const crop = { data: Uint8Array.from(pixels), width: 48, height: 48, channels: 1 };
    assert.ok(Math.abs(sharpness(crop, vector.constants.crop) - expected) < 1e-5);
  }
});

test("the same face is the listener's", () => {
  for (const { faces, sharpnesses, before, listener } of vector.faces) {
    assert.equal(listenerIndex(faces, sharpnesses, before, vector.constants.listener), listener);
  }
});

test("the same halves of faces are hidden, and make a reading as unsure", () => {
  const cover = new FaceCover(vector.constants.cover);
  for (const { pixels, hidden, before, after } of vector.covers) {
    const crop = { data: new Uint8Array(Buffer.from(pixels, "base64")), width: 48, height: 48, channels: 1 };
    assert.equal(cover.hidden(crop), hidden);
    cover.softened(before, hidden).forEach((share, i) => assert.ok(Math.abs(share - after[i]) < 1e-5));
  }
  assert.ok(new Set(vector.covers.map(({ hidden }) => hidden)).size > 1);
});

test("the same readings are sure, and could be the same emotion as well", () => {
  for (const { probabilities, emotion, sure, second } of vector.guesses) {
    assert.deepEqual(guessOf(probabilities, vector.emotions, vector.constants.guess, emotion ?? undefined), { sure, second });
  }
  assert.deepEqual(guessOf(null, vector.emotions, vector.constants.guess), { sure: null, second: null });
});
