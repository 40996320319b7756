// The stages on this device give what the Python ones give: tests/vectors/ comes from `python -m tests.vectors.make`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { appearanceOf, relativeToRest, RestingFaces } from "../../../static/js/reading/baseline.js";
import { cutCrop } from "../../../static/js/reading/crop.js";
import { decodeMaps, FaceFinder } from "../../../static/js/reading/face-finder.js";
import { besideFaces, FaceTracker, hasChanged, pointsOf } from "../../../static/js/reading/face-tracker.js";
import { groupExpression } from "../../../static/js/reading/group-expression.js";
import { PictureQuality } from "../../../static/js/reading/picture-quality.js";
import { iou } from "../../../static/js/reading/boxes.js";
import { MoodSmoother } from "../../../static/js/reading/mood.js";
import * as pixels from "../../../static/js/reading/frame.js";

/** OpenCV's releases round differently in between: on edges that is worth a few of 255 levels. */
const MAX_LEVELS = 5;
const MEAN_LEVELS = 0.5;

function read(name) {
  return JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8"));
}
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
const picture = (fields) => ({ ...fields, data: bytes(fields.data) });

function near(one, other, tolerance, what) {
  assert.equal(one.length, other.length, what);
  one.forEach((value, i) => assert.ok(Math.abs(value - other[i]) <= tolerance, `${what}[${i}]: ${value}, expected ${other[i]}`));
}

function sameLevels(got, expected, what) {
  assert.deepEqual([got.width, got.height], [expected.width, expected.height], what);
  const off = expected.data.map((level, i) => Math.abs(level - got.data[i]));
  const mean = off.reduce((sum, value) => sum + value, 0) / off.length;
  assert.ok(Math.max(...off) <= MAX_LEVELS && mean <= MEAN_LEVELS, `${what}: off by ${Math.max(...off)}, ${mean.toFixed(2)} on average`);
}

function sameFaces(got, expected, what) {
  assert.equal(got.length, expected.length, what);
  got.forEach((face, i) => {
    near(face.box, expected[i].box, 0.02, `${what}: box ${i}`);
    near([face.score], [expected[i].score], 1e-4, `${what}: score ${i}`);
    near(face.landmarks.flat(), expected[i].landmarks.flat(), 0.02, `${what}: landmarks ${i}`);
    assert.equal(face.id, expected[i].id, what);
  });
}

test("a frame is fitted, a window cut, a crop aligned as in Python", async (t) => {
  const vector = read("pictures.json");
  const frame = picture(vector.frame);
  const { constants } = vector;
  let input;
  const run = async (planes, width, height) => {
    // The green plane, back as a picture.
    const data = planes.subarray(width * height, 2 * width * height).map((share) => Math.round(share * 255));
    input = { data, width, height };
    return { data: new Float32Array((15 * width * height) / 64).fill(-9), rows: height / 8, columns: width / 8 };
  };
  const finder = new FaceFinder(run, run, constants.finder);
  for (const { down, across, input: expected } of vector.fitted) {
    await t.test(`fitted, ${down} × ${across}`, async () => {
      await finder.find(repeated(pixels.part(frame, 0, 0, 120, 100), down, across));
      sameLevels(input, picture(expected), "input");
    });
  }
  for (const { box, input: expected } of vector.windows) {
    await t.test(`window around ${box}`, async () => {
      await finder.findNear(frame, box);
      sameLevels(input, picture(expected), "input");
    });
  }
  for (const { box, landmarks, crop } of vector.crops) {
    await t.test(`crop of ${box}, eyes at ${landmarks?.slice(0, 2)}`, () => {
      sameLevels(cutCrop(frame, { box, landmarks, score: 1, id: null }, constants.crop), picture(crop), "crop");
    });
  }
});

function repeated(small, down, across) {
  const large = pixels.black(small.width * across, small.height * down, 3);
  for (let y = 0; y < large.height; y += 1) {
    for (let x = 0; x < large.width; x += 1) {
      const from = (Math.floor(y / down) * small.width + Math.floor(x / across)) * 3;
      large.data.set(small.data.subarray(from, from + 3), (y * large.width + x) * 3);
    }
  }
  return large;
}

test("a canvas's pixels become blue, green and red", () => {
  assert.deepEqual([...pixels.fromRgba(new Uint8ClampedArray([1, 2, 3, 255, 4, 5, 6, 255]), 2, 1).data], [3, 2, 1, 6, 5, 4]);
});

test("maps decode to the same faces as in Python", () => {
  const { constants, cases } = read("maps.json");
  for (const { rows, columns, min_score, maps: text, faces } of cases) {
    const data = new Float32Array(bytes(text).buffer);
    assert.ok(faces.length > 0);
    sameFaces(decodeMaps({ data, rows, columns }, min_score, constants), faces, `${rows} × ${columns}`);
  }
});

test("faces are tracked, smoothed and identified as in Python", async () => {
  const { constants, times_s, script, faces } = read("tracker.json");
  let now = 0;
  const finder = {
    find: async () => script[now].map((face) => ({ ...face })),
    findNear: async (_, box) =>
      script[now]
        .filter((face) => iou(face.box, box) > 0.2)
        .sort((one, other) => iou(other.box, box) * other.score - iou(one.box, box) * one.score)[0] ?? null,
  };
  const tracker = new FaceTracker(finder, constants);
  for (now = 0; now < times_s.length; now += 1) {
    sameFaces(await tracker.track(pixels.black(64, 64, 3), times_s[now]), faces[now], `at ${times_s[now]} s`);
  }
  assert.ok(faces.flat().some(({ id }) => id === 3), "the series has somebody who comes back");
});

test("what has changed beside a face is the same as in Python", () => {
  const { constants, changes: { before, frames, cases } } = read("tracker.json");
  assert.deepEqual(new Set(cases.map(({ changed }) => changed)), new Set([true, false]));
  for (const { after, boxes, beside, changed } of cases) {
    const frame = picture(frames[after]);
    const watched = besideFaces(frame, boxes, constants);
    assert.equal(watched.reduce((sum, value) => sum + value, 0), beside, after);
    assert.equal(hasChanged(pointsOf(frame, constants), pointsOf(picture(before), constants), watched, constants), changed, after);
  }
});

test("the same series gives the same moods as in Python", async (t) => {
  const { constants, series } = read("moods.json");
  for (const { name, steps } of series) {
    await t.test(name, () => {
      const smoother = new MoodSmoother(constants);
      for (const step of steps) {
        const mood = next(smoother, step);
        assert.equal(mood?.emotion, step.mood?.emotion, `at ${step.at_s} s`);
        near(step.mood ? [mood.confidence, mood.since_s] : [], step.mood ? [step.mood.confidence, step.mood.since_s] : [], 1e-6, "mood");
        near(mood?.probabilities ?? [], step.mood?.probabilities ?? [], 1e-6, `the mood's average at ${step.at_s} s`);
        near(smoother.expression() ?? [], step.expression ?? [], 1e-6, `expression at ${step.at_s} s`);
      }
      assert.ok(new Set(steps.map(({ mood }) => mood?.emotion)).size > 3, "the series has several moods");
    });
  }
});

function next(smoother, { at_s, resume, probabilities, score }) {
  if (resume) {
    smoother.resume(resume, at_s);
    return smoother.mood(at_s);
  }
  return probabilities ? smoother.update(probabilities, score, at_s) : smoother.updateWithoutFace(at_s);
}

test("faces are read against their own rest as in Python", () => {
  const { constants, looks, appearances, steps, given } = read("baseline.json");
  const seen = looks.map(picture);
  seen.forEach((look, i) => near(appearanceOf(look), appearances[i], 1e-5, `appearance ${i}`));
  const resting = new RestingFaces(constants);
  for (const { at_s, faces } of steps) {
    const found = faces.map(({ id, box }) => ({ id, box, score: 0.9, landmarks: null }));
    const shown = resting.update(
      found,
      faces.map(({ probabilities, look }, i) => ({ face: found[i], probabilities, appearance: appearanceOf(seen[look]) })),
      at_s,
    );
    faces.forEach((face, i) => {
      near(shown[i], face.shown, 1e-5, `at ${at_s} s, face ${face.id}`);
      assert.equal(resting.isLearned(face.id), face.learned, `at ${at_s} s, face ${face.id}`);
    });
  }
  given.probabilities.forEach((row, i) => near(relativeToRest(row, given.resting, constants), given.shown[i], 1e-6, `row ${i}`));
});

test("the same is said of pictures that cannot be read as in Python", () => {
  const { constants, pictures, steps } = read("quality.json");
  const quality = new PictureQuality(constants);
  const said = steps.map(({ picture: name, boxes, at_s }) =>
    quality.problem(picture(pictures[name]), boxes.map((box) => ({ box, score: 0.9, landmarks: null, id: null })), at_s),
  );
  assert.deepEqual(said, steps.map(({ problem }) => problem));
  assert.deepEqual([...new Set(said)].length, 8, "every problem, and none");
});

test("a group shows what it does in Python, and each face's share of it", () => {
  for (const { faces, group } of read("group.json").cases) {
    const made = groupExpression(faces);
    assert.equal(made === null, group === null);
    near(made?.probabilities ?? [], group?.probabilities ?? [], 1e-9, "probabilities");
    near(made?.shares.map(({ share }) => share) ?? [], group?.shares.map(({ share }) => share) ?? [], 1e-9, "shares");
    assert.deepEqual(made?.shares.map(({ id }) => id), group?.shares.map(({ id }) => id));
  }
});
