import assert from "node:assert/strict";
import { test } from "node:test";

import { readText } from "../../../static/js/lib/text-file.js";

/** @param {number[]} bytes */
const file = (...bytes) => new Blob([new Uint8Array(bytes)]);

test("UTF-8 is read as such", async () => {
  assert.equal(await readText(new Blob(["Beyoncé; うっせぇわ"])), "Beyoncé; うっせぇわ");
});

test("what is no UTF-8 is read as Windows writes it", async () => {
  assert.equal(await readText(file(0x42, 0x65, 0x79, 0x6f, 0x6e, 0x63, 0xe9)), "Beyoncé");
});

test("UTF-16 is told by its mark", async () => {
  assert.equal(await readText(file(0xff, 0xfe, 0x41, 0, 0xe9, 0)), "Aé");
  assert.equal(await readText(file(0xfe, 0xff, 0, 0x41)), "A");
});

test("a binary file keeps what shows that it is one", async () => {
  assert.ok((await readText(file(0x89, 0x50, 0x4e, 0x47, 0, 1, 2))).includes("\0"));
});
