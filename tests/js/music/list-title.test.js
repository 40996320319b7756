// Titles of lists are sentences in both languages, for every mood and goal.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { translator } from "../../../static/js/lib/i18n.js";
import { listTitle, playlistTitle } from "../../../static/js/music/list-title.js";

const words = (/** @type {string} */ language) =>
  translator(JSON.parse(readFileSync(new URL(`../../../static/messages/${language}.json`, import.meta.url), "utf8")));

for (const [language, emotion, label, goal, title] of [
  ["en", "sad", "Sad", "match", "Sad songs"],
  ["en", "disgust", "Disgusted", "match", "Songs for disgust"],
  ["en", "sad", "Sad", "lift", "From sad to brighter"],
  ["de", "happy", "Fröhlich", "match", "Fröhliche Lieder"],
  ["de", "sad", "Traurig", "lift", "Von traurig zu heiter"],
  ["de", "angry", "Wütend", "calm", "Von wütend zu ruhig"],
]) {
  test(`${emotion} and ${goal} read "${title}"`, () => {
    assert.equal(listTitle({ emotion, label, goal }, words(language)), title);
  });
}

for (const [language, label, goal, title] of [
  ["en", "Happy", "match", "Best match for happy"],
  ["de", "Neutral", "energise", "Von neutral zu lebhaft"],
]) {
  test(`a playlist for ${label} and ${goal} reads "${title}"`, () => {
    assert.equal(playlistTitle({ label }, goal, words(language)), title);
  });
}
