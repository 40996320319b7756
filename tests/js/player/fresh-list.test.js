// A list without what was played: further lists are asked for and fill its places.
import assert from "node:assert/strict";
import test from "node:test";

import { freshList, MAX_MORE } from "../../../static/js/player/fresh-list.js";

/** A list whose tracks are the letters; each step and genre wish is named for its own track. */
function list(letters, goal = "match") {
  const tracks = [...letters].map((id) => ({ id, title: id, artist: "", year: null, url: "" }));
  const path = tracks.map(({ id }) => ({ aim: id, track: id }));
  return { reply: { emotion: "sad", goal, provider: "catalogue", note: "", tracks, path, wished: [...letters], problem: null }, without: "" };
}

/** @param {string[]} lists what comes, one after the other */
function asking(lists, goal) {
  let asked = 0;
  return { ask: async () => list(lists[asked++] ?? "", goal), asked: () => asked };
}

const letters = ({ reply }) => reply.tracks.map(({ id }) => id).join("");

test("a list of what was not played is asked for once", async () => {
  const { ask, asked } = asking(["abcd", "efgh"]);
  assert.deepEqual([letters(await freshList(ask, () => false)), asked()], ["abcd", 1]);
});

test("what was played gives its place to a track of a further list, with its step and its wish", async () => {
  const { ask, asked } = asking(["abcd", "bexf"]);
  const answer = await freshList(ask, (id) => "bd".includes(id));
  assert.deepEqual([letters(answer), asked()], ["aecx", 2]);
  assert.deepEqual(answer.reply.path.map(({ track }) => track), [..."aecx"]);
  assert.deepEqual(answer.reply.wished, [..."aecx"]);
  assert.equal(answer.without, "");
});

test("on a journey a track stands at its own step", async () => {
  const { ask } = asking(["abcd", "efgh"], "lift");
  assert.equal(letters(await freshList(ask, (id) => "bd".includes(id))), "afch");
});

test("where nothing else comes, what was played is left out", async () => {
  const { ask, asked } = asking(Array(9).fill("abcd"));
  assert.deepEqual([letters(await freshList(ask, (id) => id === "b")), asked()], ["acd", 1 + MAX_MORE]);
});

test("where all was played, it comes again", async () => {
  const { ask } = asking(Array(9).fill("ab"));
  assert.equal(letters(await freshList(ask, () => true)), "ab");
});

test("a further list that fails leaves the first one without what was played", async () => {
  let asked = 0;
  const ask = async () => {
    if (asked++) throw new Error("gone");
    return list("abc");
  };
  assert.equal(letters(await freshList(ask, (id) => id === "a")), "bc");
});

test("a list without a path stays without one", async () => {
  const bare = async () => ({ reply: { ...list("abc").reply, path: [], wished: undefined } });
  const { reply } = await freshList(bare, (id) => id === "a");
  assert.deepEqual([reply.path, "wished" in reply && reply.wished], [[], undefined]);
});
