import assert from "node:assert/strict";
import test from "node:test";

import { Manager } from "socket.io-client";

import { RECONNECTION } from "../../../static/js/live/connection.js";

/** The client's own delays before its first tries, where chance gives `random()`. */
function delays(random) {
  const chance = Math.random;
  Math.random = random;
  try {
    const { backoff } = new Manager("http://nowhere.example", { ...RECONNECTION, autoConnect: false });
    return Array.from({ length: 12 }, () => backoff.duration());
  } finally {
    Math.random = chance;
  }
}

// The client takes the first decimal of a random number as the sign, the whole as the size.
const CHANCES = Array.from({ length: 1000 }, (_, i) => i / 1000);

test("whatever chance gives, a lost connection is tried again after 200 ms to 1 s", () => {
  for (const chance of CHANCES) {
    for (const delay of delays(() => chance)) {
      assert.ok(delay >= 200 && delay <= 1000, `${delay} ms where chance gives ${chance}`);
    }
  }
});

test("a lost server's listeners come back spread over the first tries' time, not all at once", () => {
  const first = CHANCES.map((chance) => delays(() => chance)[0]);
  assert.ok(Math.max(...first) - Math.min(...first) > 150);
  for (let start = 200; start < 400; start += 50) {
    const share = first.filter((delay) => delay >= start && delay < start + 50).length / first.length;
    assert.ok(share > 0.15 && share < 0.35, `${share} of them from ${start} ms`);
  }
});
