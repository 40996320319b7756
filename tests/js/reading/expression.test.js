// Crops that have not changed are not read again, as in Python: tests/vectors/unchanged.json.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { ExpressionReader, hasChanged, LastReadings } from "../../../static/js/reading/expression.js";

const vector = JSON.parse(readFileSync(new URL("../../vectors/unchanged.json", import.meta.url), "utf8"));
const picture = ({ data, width, height }) => ({ data: new Uint8Array(Buffer.from(data, "base64")), width, height, channels: 1 });

test("the same crops have changed as in Python", () => {
  assert.deepEqual(new Set(vector.cases.map(({ changed }) => changed)), new Set([true, false]));
  for (const { crop, probabilities, changed } of vector.cases) {
    assert.equal(hasChanged(picture(crop), picture(vector.before), probabilities, vector.constants), changed);
  }
});

test("an unchanged face takes its last probabilities, a changed and a new one are read in one run", async () => {
  const counts = [];
  const reader = new ExpressionReader(async (_, count) => {
    counts.push(count);
    return new Float32Array(7 * count).fill(counts.length).fill(0.99, 0, 1);
  });
  const last = new LastReadings(vector.constants);
  const [one, other] = [picture(vector.before), picture(vector.cases.at(-1).crop)];
  const faces = [{ id: 1 }, { id: 2 }];
  const [first] = await last.read(reader, faces.slice(0, 1), [one]);
  assert.deepEqual(await last.read(reader, faces, [one, other]), [first, [Math.fround(0.99), 2, 2, 2, 2, 2, 2]]);
  await last.read(reader, faces.slice(0, 1), [other]);
  await last.read(reader, faces, [other, one]);
  assert.deepEqual(counts, [1, 1, 1, 1], "face 2 was gone, so it is read again");
});
