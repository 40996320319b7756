/**
 * A photograph → the faces in it: shrunk in the page, read by the server. No page texts; faults are codes.
 */

import { requestJson } from "../lib/http.js";
import { hasMostRows, pixelsOnly, reducedSize } from "./picture-file.js";

/** 0..1, as canvas.toBlob takes it. */
const JPEG_QUALITY = 0.9;
const TIMEOUT_MS = 30_000;

/**
 * How a picture of width w and height h is drawn upright, by its orientation: six numbers, as canvas.setTransform takes them.
 * @type {Record<number, (w: number, h: number) => [number, number, number, number, number, number]>}
 */
const UPRIGHT = {
  1: () => [1, 0, 0, 1, 0, 0],
  2: (w) => [-1, 0, 0, 1, w, 0],
  3: (w, h) => [-1, 0, 0, -1, w, h],
  4: (w, h) => [1, 0, 0, -1, 0, h],
  5: () => [0, 1, 1, 0, 0, 0],
  6: (w, h) => [0, 1, -1, 0, h, 0],
  7: (w, h) => [0, -1, -1, 0, h, w],
  8: (w) => [0, -1, 1, 0, 0, w],
};

/** The file is no picture that is read here: `code` says why. */
export class UnreadablePicture extends Error {
  /** @param {string} code the key of what the page says */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/**
 * The picture upright, reduced as picture-file.js says, as a JPEG.
 * @param {Blob} file @returns {Promise<Blob>} @throws {UnreadablePicture}
 */
export async function shrink(file) {
  const picture = pixelsOnly(new Uint8Array(await file.arrayBuffer()));
  if (typeof picture === "string") {
    throw new UnreadablePicture(picture === "damaged" ? "photo.damaged" : "photo.no-picture");
  }
  const bitmap = await createImageBitmap(new Blob(/** @type {BlobPart[]} */ (picture.parts))).catch(() => {
    throw new UnreadablePicture(UNDECODED[picture.kind] ?? "photo.damaged");
  });
  const size = reducedSize(bitmap.width, bitmap.height);
  const whole = picture.is_whole || hasMostRows(drawn(bitmap, size, 1).context.getImageData(0, 0, ...size).data, ...size);
  const { canvas } = drawn(bitmap, size, picture.orientation);
  bitmap.close();
  const blob = whole ? await new Promise((/** @type {(blob: Blob|null) => void} */ done) => canvas.toBlob(done, "image/jpeg", JPEG_QUALITY)) : null;
  if (!blob) {
    throw new UnreadablePicture("photo.damaged");
  }
  return blob;
}

/** Browsers decode what they can of these two: it is the browser, not the file, that fails. @type {Record<string, string>} */
const UNDECODED = { AVIF: "photo.no-avif", HEIC: "photo.no-heic" };

/** @param {ImageBitmap} bitmap @param {[number, number]} size @param {number} orientation Exif's number */
function drawn(bitmap, [width, height], orientation) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = orientation > 4 ? [height, width] : [width, height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff"; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.setTransform(...UPRIGHT[orientation](width, height));
  context.drawImage(bitmap, 0, 0, width, height);
  return { canvas, context };
}

/**
 * @param {Blob} picture
 * @returns {Promise<import("../types.js").Face[]>} largest first
 * @throws {import("../lib/http.js").HttpFault}
 */
export async function facesOf(picture) {
  const body = new FormData();
  body.append("image", picture, "photograph.jpg");
  return (await requestJson("api/v1/expressions", { method: "POST", body, timeout_ms: TIMEOUT_MS })).faces;
}
