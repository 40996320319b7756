import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { translator } from "../../../static/js/lib/i18n.js";
import { listName, partOf } from "../../../static/js/music/list-name.js";

const words = (language) => translator(JSON.parse(readFileSync(new URL(`../../../static/messages/${language}.json`, import.meta.url), "utf8")));
const FRIDAY_NIGHT = new Date(2026, 10, 27, 23, 15);
const LIVELY = [{ valence: 0.9, energy: 0.9 }];
const QUIET = [{ valence: 0.1, energy: 0.2 }];

/** Goes through `values` again and again. */
function sequence(...values) {
  let i = 0;
  return () => values[i++ % values.length];
}

test("the name says what the list is like, and when", () => {
  const named = { emotion: "happy", goal: "match", places: LIVELY, at: FRIDAY_NIGHT };
  assert.equal(listName(named, "", words("en"), "en", () => 0.99), "golden and wide awake, Friday night");
  assert.equal(listName(named, "", words("de"), "de", () => 0), "fröhlich und schnell, Freitagnacht");
});

test("a journey says where it leads", () => {
  const named = { emotion: "sad", goal: "lift", places: QUIET, at: new Date(2026, 10, 29, 9) };
  assert.equal(listName(named, "", words("en"), "en", () => 0), "wistful and hushed, on the way up, Sunday morning");
});

test("no name comes twice in a row", () => {
  const named = { emotion: "neutral", goal: "match", places: [], at: FRIDAY_NIGHT };
  const first = listName(named, "", words("en"), "en", () => 0);
  assert.notEqual(listName(named, first, words("en"), "en", sequence(0, 0, 0, 0.5, 0.5, 0.9)), first);
});

test("each hour belongs to a part of the day", () => {
  const parts = [0, 4, 5, 11, 12, 17, 18, 21, 22, 23].map((hour) => partOf(new Date(2026, 0, 1, hour)));
  assert.deepEqual(parts, ["night", "night", "morning", "morning", "afternoon", "afternoon", "evening", "evening", "night", "night"]);
});

test("each list of words has at least two, in both languages", () => {
  for (const language of ["en", "de"]) {
    const texts = JSON.parse(readFileSync(new URL(`../../../static/messages/${language}.json`, import.meta.url), "utf8"));
    for (const [key, text] of Object.entries(texts).filter(([name]) => /^name\.(mood|valence|energy|goal)\./.test(name))) {
      assert.ok(text.split("|").length >= 2, key);
    }
  }
});
