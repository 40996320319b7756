/**
 * ONNX Runtime and the three networks: downloads them, checks their SHA-256, creates their sessions.
 */

import * as ort from "../../vendor/ort.wasm.min.js";
import { request } from "../lib/http.js";
import { ExpressionReader } from "./expression.js";

const RUNTIME = "ort-wasm-simd-threaded.wasm";
const NETWORKS = ["face_finder.onnx", "face_look.onnx", "expression.onnx"];

/** @typedef {{url: string, sha256: string, bytes: number}} RemoteFile */
/** @typedef {import("./face-finder.js").MapNetwork} MapNetwork */
/** @typedef {{detector: MapNetwork, refiner: MapNetwork, expressions: ExpressionReader}} Networks */

/**
 * @param {Record<string, RemoteFile>} files by name
 * @param {(share: number) => void} onProgress how much of them has arrived, 0..1
 * @returns {Promise<Networks>}
 */
export async function downloadNetworks(files, onProgress) {
  const names = [RUNTIME, ...NETWORKS];
  const total = names.reduce((sum, name) => sum + files[name].bytes, 0);
  let received = 0;
  const onBytes = (/** @type {number} */ count) => {
    received += count;
    onProgress(received / total);
  };
  const [runtime, ...networks] = await Promise.all(names.map((name) => download(files[name], onBytes)));
  return createNetworks(runtime, networks);
}

/**
 * @param {Uint8Array<ArrayBuffer>} runtime ONNX Runtime's program
 * @param {Uint8Array[]} networks detector, refiner, expression
 * @returns {Promise<Networks>}
 */
export async function createNetworks(runtime, networks) {
  // One thread needs no shared memory, so the page needs no isolation from Spotify's player.
  Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: runtime.buffer });
  const [detector, refiner, expression] = await Promise.all(
    networks.map((bytes) => ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] })),
  );
  return { detector: mapNetwork(detector), refiner: mapNetwork(refiner), expressions: new ExpressionReader(expressionNetwork(expression)) };
}

/** @param {ort.InferenceSession} session @returns {MapNetwork} */
function mapNetwork(session) {
  return async (input, width, height) => {
    const pictures = new ort.Tensor("float32", input, [1, 3, height, width]);
    const { maps } = await session.run({ pictures });
    return { data: /** @type {Float32Array} */ (maps.data), rows: maps.dims[2], columns: maps.dims[3] };
  };
}

/** @param {ort.InferenceSession} session @returns {import("./expression.js").ExpressionNetwork} */
function expressionNetwork(session) {
  return async (crops, count) => {
    const side = Math.sqrt(crops.length / count);
    const faces = new ort.Tensor("float32", crops, [count, 1, side, side]);
    const { shown } = await session.run({ faces }, ["shown"]);
    return /** @type {Float32Array} */ (shown.data);
  };
}

/**
 * The file's bytes.
 * @param {RemoteFile} file
 * @param {(count: number) => void} onBytes
 * @returns {Promise<Uint8Array<ArrayBuffer>>} rejects if their SHA-256 is not the expected one
 */
async function download({ url, sha256, bytes }, onBytes) {
  const content = new Uint8Array(bytes);
  let length = 0;
  const reader = /** @type {ReadableStream<Uint8Array>} */ ((await request(url)).body).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const part = /** @type {Uint8Array} */ (value);
    if (length + part.length <= bytes) {
      content.set(part, length);
    }
    length += part.length;
    onBytes(part.length);
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const got = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  if (length !== bytes || got !== sha256) {
    // The service worker may have cached the wrong bytes: the next attempt must not get them again.
    await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).delete(url)));
    throw new Error(`Expected ${url} with the SHA-256 ${sha256}, got ${length} bytes with ${got}. Load the page again.`);
  }
  return content;
}
