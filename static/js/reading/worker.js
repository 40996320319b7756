/**
 * Reads faces off the page's thread: loads ONNX Runtime and the networks, checks their checksums, answers frames.
 * An entry point. Asked by device-reader.js: {job, kind, …} in, {job, result} or {job, fault} out, {progress} in between.
 */

import * as ort from "../../vendor/ort.wasm.min.js";
import { cutCrop } from "./crop.js";
import { FaceFinder } from "./face-finder.js";
import { FaceFollower } from "./face-tracker.js";
import { shared } from "./group-expression.js";
import * as maps from "./boxes.js";
import { MoodKeeper } from "./mood.js";
import * as pixels from "./frame.js";
import { DeviceReading } from "./pipeline.js";

const RUNTIME = "ort-wasm-simd-threaded.wasm";

/** The self-test ends after so many rounds, or so long; the first ones are slower than all others and do not count. */
const TEST_ROUNDS = 20;
const TEST_MS = 1500;
const TEST_WARM_UP = 3;

/** @typedef {{url: string, sha256: string, bytes: number}} PartFile */
/** @typedef {import("./face-finder.js").Look} Look */
/** @typedef {(crops: Float32Array, count: number) => Promise<Float32Array>} RunExpression */

/** @type {DeviceReading} */ let reading;

const kinds = { load, frame, baseline, group };

// One after the other: a camera that was stopped and started sends a frame while the one before is still being read.
let queue = Promise.resolve();
self.onmessage = ({ data }) => {
  queue = queue.then(() => answer(data));
};

/** @param {{job: number, kind: string}} asked with the fields of its kind */
async function answer({ job, kind, ...fields }) {
  try {
    self.postMessage({ job, result: await kinds[/** @type {keyof typeof kinds} */ (kind)](/** @type {any} */ (fields)) });
  } catch (fault) {
    self.postMessage({ job, fault: fault instanceof Error ? fault.message : String(fault) });
  }
}

/** @param {{url: string}} fields where the parts are told @returns {Promise<{rate_hz: number, least_rate_hz: number}>} */
async function load({ url }) {
  const { constants, files, least_rate_hz } = await (await fetched(url)).json();
  const names = [RUNTIME, "face_finder.onnx", "face_look.onnx", "expression.onnx"];
  const whole = names.reduce((sum, name) => sum + files[name].bytes, 0);
  let came = 0;
  const onBytes = (/** @type {number} */ count) => {
    came += count;
    self.postMessage({ progress: came / whole });
  };
  const [runtime, ...networks] = await Promise.all(names.map((name) => checked(files[name], onBytes)));
  // One thread needs no shared memory, so the page needs no isolation from Spotify's player.
  Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: runtime.buffer });
  const [finding, looking, expressing] = await Promise.all(
    networks.map((bytes) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] })),
  );
  const runExpression = expressionOf(expressing);
  const finder = new FaceFinder(finderOf(finding), finderOf(looking), constants.finder, pixels, maps);
  reading = new DeviceReading({
    follower: new FaceFollower(finder, constants.follower, maps.overlap),
    newKeeper: () => new MoodKeeper(constants.mood),
    shared,
    cut: (frame, face) => cutCrop(frame, face, constants.crop, pixels),
    read: runExpression,
    most_faces_read: constants.most_faces_read,
  });
  return { rate_hz: await measured(finder, runExpression, constants), least_rate_hz };
}

/** @param {{rgba: ArrayBuffer, width: number, height: number, at_s: number}} fields */
function frame({ rgba, width, height, at_s }) {
  return reading.see(pixels.fromRgba(new Uint8ClampedArray(rgba), width, height), at_s);
}

/** @param {{probabilities: number[]|null}} fields */
async function baseline({ probabilities }) {
  reading.setBaseline(probabilities);
}

/** @param {{on: boolean}} fields */
async function group({ on }) {
  reading.readGroup(on);
}

/** @param {string} url @returns {Promise<Response>} */
async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`Expected ${url}, got status ${response.status}. Load the page again.`);
  }
  return response;
}

/**
 * The file's bytes, if they are those that the server meant.
 * @param {PartFile} file
 * @param {(count: number) => void} onBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function checked({ url, sha256, bytes }, onBytes) {
  const whole = new Uint8Array(bytes);
  let length = 0;
  const reader = /** @type {ReadableStream<Uint8Array>} */ ((await fetched(url)).body).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const part = /** @type {Uint8Array} */ (value);
    if (length + part.length <= bytes) {
      whole.set(part, length);
    }
    length += part.length;
    onBytes(part.length);
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
  const came = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (length !== bytes || came !== sha256) {
    // The service worker may have kept what came: the next try must not meet it again.
    await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).delete(url)));
    throw new Error(`Expected ${url} with the SHA-256 ${sha256}, got ${length} bytes with ${came}. Load the page again.`);
  }
  return whole;
}

/** @param {ort.InferenceSession} session @returns {Look} */
function finderOf(session) {
  return async (input, width, height) => {
    const pictures = new ort.Tensor("float32", input, [1, 3, height, width]);
    const { maps: output } = await session.run({ pictures });
    return { data: /** @type {Float32Array} */ (output.data), rows: output.dims[2], columns: output.dims[3] };
  };
}

/** @param {ort.InferenceSession} session @returns {RunExpression} */
function expressionOf(session) {
  return async (crops, count) => {
    const side = Math.sqrt(crops.length / count);
    const faces = new ort.Tensor("float32", crops, [count, 1, side, side]);
    const { ferplus } = await session.run({ faces }, ["ferplus"]);
    return /** @type {Float32Array} */ (ferplus.data);
  };
}

/**
 * Frames a second that this browser can read: a face followed in its window and read, as most frames are.
 * @param {FaceFinder} finder @param {RunExpression} runExpression @param {{crop: import("../types.js").CropConstants}} constants
 */
async function measured(finder, runExpression, { crop }) {
  const picture = pixels.black(320, 240, 3);
  picture.data.forEach((_, i) => (picture.data[i] = (i * 7919) % 251));
  const face = { box: [120, 80, 80, 100], score: 1, landmarks: null, id: null };
  const taken_ms = [];
  const began_ms = performance.now();
  for (let round = 0; round < TEST_ROUNDS && (round < TEST_WARM_UP + 2 || performance.now() - began_ms < TEST_MS); round += 1) {
    const start_ms = performance.now();
    await finder.findNear(picture, face.box);
    await runExpression(Float32Array.from(cutCrop(picture, face, crop, pixels).data, (level) => (level / 255 - 0.5) * 2), 1);
    taken_ms.push(performance.now() - start_ms);
  }
  const counted = taken_ms.slice(TEST_WARM_UP).sort((one, other) => one - other);
  return 1000 / counted[Math.floor(counted.length / 2)];
}
