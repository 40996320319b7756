// `node tests/js/reading/read_frames.mjs FOLDER`: reads the frames in FOLDER as the worker would; prints its readings as JSON.
// FOLDER holds each frame's bytes, RGBA, and series.json: {constants, frames: [{file, width, height, at_s}], visits:
// [{places of its frames, baseline}]}. For each visit a listener comes anew.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { FaceFinder } from "../../../static/js/reading/face-finder.js";
import { fromRgba } from "../../../static/js/reading/frame.js";
import { createNetworks } from "../../../static/js/reading/networks.js";
import { Pipeline } from "../../../static/js/reading/pipeline.js";

const [folder] = process.argv.slice(2);
const { constants, frames, visits } = JSON.parse(readFileSync(join(folder, "series.json"), "utf8"));
const ours = (path) => readFileSync(new URL(`../../../${path}`, import.meta.url));

const { detector, refiner, expressions } = await createNetworks(
  Uint8Array.from(ours("static/vendor/ort-wasm-simd-threaded.wasm")),
  ["face_finder.onnx", "face_look.onnx", "expression.onnx"].map((name) => ours(`feelharmonic/reading/weights/${name}`)),
);
const finder = new FaceFinder(detector, refiner, constants.finder);
const told = [];
for (const { places, baseline } of visits) {
  const pipeline = new Pipeline(finder, expressions, constants);
  pipeline.setBaseline(baseline);
  const readings = [];
  for (const { file, width, height, at_s } of places.map((place) => frames[place])) {
    const rgba = new Uint8ClampedArray(readFileSync(join(folder, file)));
    readings.push(await pipeline.read(fromRgba(rgba, width, height), at_s));
  }
  told.push(readings);
}
console.log(JSON.stringify(told));
