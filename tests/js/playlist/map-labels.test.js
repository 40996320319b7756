// Names on the playlist's map: as many as there is room for, none over another, over a point or over the edge.
import assert from "node:assert/strict";
import test from "node:test";

import { labelPlaces } from "../../../static/js/playlist/map-labels.js";

const map = { left: 0, top: 0, right: 360, bottom: 260 };
const point = (x, y, width = 80) => ({ x, y, width, height: 16 });

test("a name stands right of its point, at the right edge left of it", () => {
  assert.deepEqual([...labelPlaces([point(100, 50), point(340, 100)], map)], [
    [0, { left: 110, top: 42 }],
    [1, { left: 250, top: 92 }],
  ]);
});

test("a name that would lie over another name, a point or what is taken is left out", () => {
  assert.deepEqual([...labelPlaces([point(30, 50), point(30, 65)], map).keys()], [0]);
  assert.deepEqual([...labelPlaces([point(30, 50), point(60, 50, 400)], map).keys()], []);
  assert.deepEqual([...labelPlaces([point(30, 50)], map, [{ left: 100, top: 40, right: 120, bottom: 60 }]).keys()], []);
});

test("of ten thousand points no two names overlap and none leaves the map", () => {
  const points = Array.from({ length: 10_000 }, (_, i) => point((i * 7919) % 361, (i * 104_729) % 261));
  const places = [...labelPlaces(points, map)];
  for (const [i, { left, top }] of places) {
    assert.ok(left >= 0 && left + 80 <= 360 && top >= 0 && top + 16 <= 260);
    assert.ok(places.every(([k, other]) => k === i || Math.abs(other.left - left) >= 80 || Math.abs(other.top - top) >= 16));
  }
});
