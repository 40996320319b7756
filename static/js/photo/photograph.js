/**
 * A photograph → the faces in it: shrunk in the page, read by the server. No page texts; faults are codes.
 */

import { requestJson } from "../lib/http.js";

/** The longer side that is sent. */
const MAX_SIDE_PX = 1600;
/** 0..1, as canvas.toBlob takes it. */
const JPEG_QUALITY = 0.9;
const TIMEOUT_MS = 30_000;

/** The file is no picture that this browser can decode. */
export class UnreadablePicture extends Error {}

/**
 * The picture upright, its longer side at most 1,600 pixels, as a JPEG.
 * @param {Blob} file @returns {Promise<Blob>} @throws {UnreadablePicture}
 */
export async function shrink(file) {
  // Browsers apply the EXIF orientation while they decode.
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new UnreadablePicture();
  });
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff"; // JPEG has no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((/** @type {(blob: Blob|null) => void} */ done) => canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
  if (!blob) {
    throw new UnreadablePicture();
  }
  return blob;
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
