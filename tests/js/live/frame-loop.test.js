import assert from "node:assert/strict";
import test from "node:test";

import { frameLoop } from "../../../static/js/live/frame-loop.js";
import { Pacing } from "../../../static/js/live/pacing.js";

/** A world whose clock moves only by waiting; the loop ends after `waits` of them. */
function world({ waits = 20, hidden = () => false } = {}) {
  let now_ms = 0;
  let left = waits;
  let finish;
  const done = new Promise((resolve) => (finish = resolve));
  return {
    done,
    now: () => now_ms,
    pass: (ms) => (now_ms += ms),
    hidden,
    wait(ms) {
      now_ms += ms;
      left -= 1;
      if (left <= 0) {
        finish();
        return new Promise(() => undefined);
      }
      return Promise.resolve();
    },
  };
}

/** A loop whose start() and stop() are bound to one reader. */
function loopOf({ capture, read, ready, ...parts }) {
  const loop = frameLoop({ onReply: () => undefined, ...parts });
  const reader = {
    get ready() {
      return ready();
    },
    capture,
    read,
    pacing: () => new Pacing(10),
  };
  return { start: () => loop.start(reader), stop: loop.stop };
}

const reply = (fields = {}) => ({ wait_ms: 0, faces: [], problem: null, ...fields });

test("one frame is in flight at a time, and each is the newest", async () => {
  const here = world();
  let flying = 0;
  let most = 0;
  const sent = [];
  let newest = 0;
  const loop = loopOf({
    capture: async () => (newest += 1),
    read: async (frame) => {
      sent.push(frame);
      most = Math.max(most, (flying += 1));
      here.pass(30);
      newest += 3; // the camera went on meanwhile
      flying -= 1;
      return reply();
    },
    ready: () => true,
    world: here,
  });
  loop.start();
  await here.done;
  assert.equal(most, 1);
  assert.deepEqual(sent.slice(0, 3), [1, 5, 9]);
});

test("nothing is taken or sent while the tab is hidden or nobody is there", async () => {
  for (const state of [{ hidden: () => true }, {}]) {
    const here = world(state);
    let taken = 0;
    const loop = loopOf({
      capture: async () => (taken += 1),
      read: async () => reply(),
      ready: () => Boolean(state.hidden),
      world: here,
    });
    loop.start();
    await here.done;
    assert.equal(taken, 0);
  }
});

test("a reply that comes after the stop is dropped", async () => {
  const here = world();
  const seen = [];
  const loop = loopOf({
    capture: async () => 1,
    read: async () => {
      loop.stop();
      return reply();
    },
    ready: () => true,
    onReply: (answer) => seen.push(answer),
    world: here,
  });
  loop.start();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(seen, []);
});

test("a lost reply does not end the loop", async () => {
  const here = world();
  let tries = 0;
  const seen = [];
  const loop = loopOf({
    capture: async () => 1,
    read: async () => {
      tries += 1;
      if (tries === 1) throw new Error("timeout");
      return reply();
    },
    ready: () => true,
    onReply: (answer) => seen.push(answer),
    world: here,
  });
  loop.start();
  await here.done;
  assert.ok(seen.length > 5);
});

test("starting twice leaves one loop", async () => {
  const here = world({ waits: 10 });
  const sent = [];
  const loop = loopOf({
    capture: async () => 1,
    read: async (frame) => {
      sent.push(here.now());
      return reply();
    },
    ready: () => true,
    world: here,
  });
  loop.start();
  loop.start();
  await here.done;
  assert.equal(new Set(sent).size, sent.length);
});

test("a picture that was being taken when the tab was hidden is not sent", async () => {
  let away = false;
  const here = world({ hidden: () => away });
  const sent = [];
  const loop = loopOf({
    capture: async () => {
      away = true;
      return 1;
    },
    read: async (frame) => {
      sent.push(frame);
      return reply();
    },
    ready: () => true,
    world: here,
  });
  loop.start();
  await here.done;
  assert.deepEqual(sent, []);
});
