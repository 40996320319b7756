// /photo reads a picture's file as the server and the command line do: tests/vectors/files.json comes from Python.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { hasMostRows, pixelsOnly, reducedSize } from "../../../static/js/photo/picture-file.js";

const vector = JSON.parse(readFileSync(new URL("../../vectors/files.json", import.meta.url), "utf8"));

for (const { name, data, refused, kind, orientation, is_whole, kept } of vector.files) {
  test(`as in Python: ${name}`, () => {
    const file = pixelsOnly(new Uint8Array(Buffer.from(data, "base64")));
    if (refused) {
      assert.equal(file, refused);
      return;
    }
    assert.deepEqual([file.kind, file.orientation, file.is_whole], [kind, orientation, is_whole]);
    assert.equal(Buffer.concat(file.parts).toString("base64"), kept);
  });
}

test("a picture is reduced to the size at which Python reads it", () => {
  for (const { size, reduced } of vector.sizes) {
    assert.deepEqual(reducedSize(...size), reduced, `${size}`);
  }
});

test("a picture without its end is read where most of its rows came", () => {
  for (const { filled, read } of vector.rows) {
    const rgba = new Uint8ClampedArray(4 * 20 * 4).fill(128);
    for (let row = 0; row < 20 - filled; row += 1) {
      rgba.fill(row, row * 16, (row + 1) * 16);
    }
    assert.equal(hasMostRows(rgba, 4, 20), read, `${filled} rows of one colour`);
  }
});
