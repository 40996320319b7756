/**
 * Reads faces off the page's thread. An entry point, used by device-reader.js: {job, kind, …} in, {job, result} or
 * {job, fault} out, {progress} in between.
 */

import { requestJson } from "../lib/http.js";
import { cutCrop } from "../reading/crop.js";
import { FaceFinder } from "../reading/face-finder.js";
import { black, fromRgba } from "../reading/frame.js";
import { downloadNetworks } from "../reading/networks.js";
import { Pipeline } from "../reading/pipeline.js";

/** The self-test ends after this many rounds or this time. The first rounds are slower than all others and do not count. */
const TEST_ROUNDS = 20;
const TEST_MS = 1500;
const TEST_WARM_UP = 3;

/** @type {Pipeline} */ let pipeline;

const kinds = { load, frame, baseline, group };

// One after the other: a camera that was stopped and started sends a frame while the previous one is still being read.
let queue = Promise.resolve();
self.onmessage = ({ data }) => {
  queue = queue.then(() => answer(data));
};

/** @param {{job: number, kind: string}} message with the fields of its kind */
async function answer({ job, kind, ...fields }) {
  try {
    self.postMessage({ job, result: await kinds[/** @type {keyof typeof kinds} */ (kind)](/** @type {any} */ (fields)) });
  } catch (fault) {
    self.postMessage({ job, fault: fault instanceof Error ? fault.message : String(fault) });
  }
}

/** @param {{url: string}} fields of the list of files and constants @returns {Promise<{rate_hz: number, least_rate_hz: number}>} */
async function load({ url }) {
  const { constants, files, least_rate_hz } = await requestJson(url);
  // The server names its own paths; a proxy may serve them under another.
  const here = Object.entries(files).map(([name, file]) => [name, { .../** @type {any} */ (file), url: new URL(`..${/** @type {any} */ (file).url}`, url).href }]);
  const { detector, refiner, expressions } = await downloadNetworks(Object.fromEntries(here), (progress) => self.postMessage({ progress }));
  const finder = new FaceFinder(detector, refiner, constants.finder);
  pipeline = new Pipeline(finder, expressions, constants);
  return { rate_hz: await measureRate(finder, expressions, constants), least_rate_hz };
}

/** @param {{rgba: ArrayBuffer, width: number, height: number, at_s: number}} fields */
function frame({ rgba, width, height, at_s }) {
  return pipeline.read(fromRgba(new Uint8ClampedArray(rgba), width, height), at_s);
}

/** @param {{probabilities: number[]|null}} fields */
async function baseline({ probabilities }) {
  pipeline.setBaseline(probabilities);
}

/** @param {{on: boolean}} fields */
async function group({ on }) {
  pipeline.readGroup(on);
}

/**
 * Frames a second that this browser can read: a tracked face in its window, as in most frames.
 * @param {FaceFinder} finder
 * @param {import("../reading/expression.js").ExpressionReader} expressions
 * @param {import("../types.js").ReadingConstants} constants
 */
async function measureRate(finder, expressions, { crop }) {
  const picture = black(320, 240, 3);
  picture.data.forEach((_, i) => (picture.data[i] = (i * 7919) % 251));
  const face = { box: [120, 80, 80, 100], score: 1, landmarks: null, id: null };
  const durations_ms = [];
  const began_ms = performance.now();
  for (let round = 0; round < TEST_ROUNDS && (round < TEST_WARM_UP + 2 || performance.now() - began_ms < TEST_MS); round += 1) {
    const start_ms = performance.now();
    await finder.findNear(picture, face.box);
    await expressions.readCrops([cutCrop(picture, face, crop)]);
    durations_ms.push(performance.now() - start_ms);
  }
  const counted = durations_ms.slice(TEST_WARM_UP).sort((one, other) => one - other);
  return 1000 / counted[Math.floor(counted.length / 2)];
}
