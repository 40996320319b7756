// What is loaded later is loaded once, and again after a failure.
import assert from "node:assert/strict";
import { test } from "node:test";

import { lazy } from "../../../static/js/lib/lazy.js";

test("two calls load once", async () => {
  let loads = 0;
  const get = lazy(async () => ++loads);
  assert.deepEqual(await Promise.all([get(), get()]), [1, 1]);
});

test("a load that failed is tried again", async () => {
  let loads = 0;
  const get = lazy(async () => {
    loads += 1;
    if (loads === 1) {
      throw new Error("no connection");
    }
    return loads;
  });
  await assert.rejects(get(), /no connection/);
  assert.equal(await get(), 2);
});
