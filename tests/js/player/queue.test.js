import assert from "node:assert/strict";
import test from "node:test";

import { MAX_GONE, MAX_RECENT, PlayQueue } from "../../../static/js/player/queue.js";

const entry = (name) => ({ track: { id: name, title: name, artist: "", year: null, url: "" }, place: null, why: "" });
const entries = (names) => [...names].map(entry);
const names = (queue) => queue.entries.map(({ track }) => track.id).join("");

function queueOf(text, index = 0) {
  const queue = new PlayQueue();
  queue.replace(entries(text));
  queue.jump(index);
  return queue;
}

test("a track comes into the queue once", () => {
  const queue = queueOf("abca");
  assert.equal(names(queue), "abc");
  queue.append(entries("cd"));
  assert.equal(names(queue), "abcd");
  assert.equal(queue.current.track.id, "a");
});

test("a moved entry leaves the current one current", () => {
  const queue = queueOf("abcd", 1);
  queue.move(3, 0);
  assert.equal(names(queue), "dabc");
  assert.equal(queue.current.track.id, "b");
  queue.move(2, 0);
  assert.equal(queue.current.track.id, "b");
  assert.equal(queue.move(0, 9), false);
});

test("removing the current entry makes the next one current, and says so", () => {
  const queue = queueOf("abc", 1);
  assert.equal(queue.remove(1), true);
  assert.equal(queue.current.track.id, "c");
  assert.equal(queue.remove(0), false);
  assert.equal(queue.current.track.id, "c");
  assert.equal(queue.remove(0), true);
  assert.equal(queue.current, null);
  assert.equal(queue.index, -1);
});

test("what is to come is planned anew, what plays is not cut", () => {
  const queue = queueOf("abcd", 1);
  queue.replan(entries("xay"));
  assert.equal(names(queue), "abxy");
  assert.equal(queue.current.track.id, "b");
});

test("the last 60 played tracks are remembered, each once", () => {
  const queue = new PlayQueue();
  for (let i = 0; i < 70; i += 1) {
    queue.replace([entry(`t${i}`)]);
    queue.played();
  }
  queue.replace([entry("t69")]);
  queue.played();
  assert.equal(queue.recent.length, MAX_RECENT);
  assert.equal(queue.recent.at(-1), "t69");
  assert.equal(queue.knows("t9"), false);
  assert.equal(queue.knows("t10"), true);
});

test("entries that are inserted leave the current one current, and what is there stays where it is", () => {
  const queue = queueOf("abc", 1);
  queue.insert(0, entries("xc"));
  assert.deepEqual([names(queue), queue.current.track.id], ["axbc", "b"]);
  queue.insert(2, entries("y"));
  assert.deepEqual([names(queue), queue.current.track.id], ["axbyc", "b"]);
  const empty = new PlayQueue();
  empty.insert(-1, entries("z"));
  assert.deepEqual([names(empty), empty.index], ["z", 0]);
});

test("a track that is gone is left out of later lists, unless nothing else is asked for", () => {
  const queue = queueOf("abc", 1);
  queue.markGone();
  assert.equal(queue.knows("b"), true);
  queue.replan(entries("xby"));
  assert.equal(names(queue), "abxy");
  queue.replace(entries("bcd"));
  assert.equal(names(queue), "cd");
  queue.append(entries("be"));
  assert.equal(names(queue), "cde");
  queue.replace(entries("b"));
  assert.equal(names(queue), "b");
});

test("what is gone is remembered with the queue, the newest", () => {
  const queue = new PlayQueue();
  for (let i = 0; i < MAX_GONE + 5; i += 1) {
    queue.replace([entry(`t${i}`)]);
    queue.markGone();
  }
  const back = new PlayQueue();
  back.restore(queue.stored());
  assert.equal(back.gone.length, MAX_GONE);
  assert.deepEqual([back.knows("t4"), back.knows("t5")], [false, true]);
});

test("a stored queue comes back as it was; anything else is an empty one", () => {
  const queue = queueOf("abc", 2);
  queue.played();
  const back = new PlayQueue();
  back.restore(queue.stored());
  assert.deepEqual([names(back), back.index, back.recent], ["abc", 2, ["c"]]);
  for (const text of [null, "", "{", "5", "[]", '{"entries":[{}]}', '{"entries":5}']) {
    const empty = new PlayQueue();
    empty.restore(text);
    assert.equal(empty.isEmpty, true, String(text));
  }
});
