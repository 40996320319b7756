// `node tests/js/reading/read_frames.mjs FOLDER`: reads the frames in FOLDER as the device worker would; prints its readings as JSON.
// FOLDER holds each frame's bytes, RGBA, and series.json: {constants, frames: [{file, width, height, at_s}], visits:
// [{places of its frames, baseline}]}. For each visit a listener comes anew.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { cutCrop } from "../../../static/js/reading/crop.js";
import { FaceFinder } from "../../../static/js/reading/face-finder.js";
import { FaceFollower } from "../../../static/js/reading/face-tracker.js";
import { shared } from "../../../static/js/reading/group-expression.js";
import * as maps from "../../../static/js/reading/boxes.js";
import { MoodKeeper } from "../../../static/js/reading/mood.js";
import * as pixels from "../../../static/js/reading/frame.js";
import { DeviceReading } from "../../../static/js/reading/pipeline.js";
import * as ort from "../../../static/vendor/ort.wasm.min.js";

const [folder] = process.argv.slice(2);
const { constants, frames, visits } = JSON.parse(readFileSync(join(folder, "series.json"), "utf8"));
const ours = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url));

Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: ours("static/vendor/ort-wasm-simd-threaded.wasm") });
const session = (name) => ort.InferenceSession.create(ours(`feelharmonic/weights/${name}`), { executionProviders: ["wasm"] });
const looks = [await session("face_finder.onnx"), await session("face_look.onnx")].map((network) => async (input, width, height) => {
  const { maps: output } = await network.run({ pictures: new ort.Tensor("float32", input, [1, 3, height, width]) });
  return { data: output.data, rows: output.dims[2], columns: output.dims[3] };
});
const expressing = await session("expression.onnx");

async function read(crops, count) {
  const { ferplus } = await expressing.run({ faces: new ort.Tensor("float32", crops, [count, 1, 48, 48]) }, ["ferplus"]);
  return ferplus.data;
}

const finder = new FaceFinder(...looks, constants.finder, pixels, maps);
const newcomer = () =>
  new DeviceReading({
    follower: new FaceFollower(finder, constants.follower, maps.overlap),
    newKeeper: () => new MoodKeeper(constants.mood),
    shared,
    cut: (frame, face) => cutCrop(frame, face, constants.crop, pixels),
    read,
    most_faces_read: constants.most_faces_read,
  });
const told = [];
for (const { places, baseline } of visits) {
  const reading = newcomer();
  reading.setBaseline(baseline);
  const readings = [];
  for (const { file, width, height, at_s } of places.map((place) => frames[place])) {
    const rgba = new Uint8ClampedArray(readFileSync(join(folder, file)));
    readings.push(await reading.see(pixels.fromRgba(rgba, width, height), at_s));
  }
  told.push(readings);
}
console.log(JSON.stringify(told));
