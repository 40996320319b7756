/**
 * A photograph → the faces in it: made small in the page, read by the server. No page texts; faults are codes.
 */

/** The longer side that is sent, pixels. */
const SIDE = 1600;
/** 0..1, as canvas.toBlob takes it. */
const JPEG_QUALITY = 0.9;
const DEADLINE_MS = 30_000;

/** @typedef {"unreadable"|"refused"|"lost"|"busy"} PhotographFaultCode */

/** Why there are no faces. */
export class PhotographFault extends Error {
  /** @param {PhotographFaultCode} code @param {string} [detail] the server's own words */
  constructor(code, detail = "") {
    super(code);
    this.name = "PhotographFault";
    this.code = code;
    this.detail = detail;
  }
}

/**
 * The picture upright, its longer side at most 1,600 pixels, as a JPEG.
 * @param {Blob} file @returns {Promise<Blob>} @throws {PhotographFault} unreadable
 */
export async function shrunk(file) {
  // Browsers turn the picture as its EXIF says while they decode it.
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new PhotographFault("unreadable");
  });
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = "#fff"; // JPEG knows no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const blob = await new Promise((/** @type {(blob: Blob|null) => void} */ done) => canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
  if (!blob) {
    throw new PhotographFault("unreadable");
  }
  return blob;
}

/** @param {Blob} picture @returns {Promise<import("../types.js").Face[]>} largest first @throws {PhotographFault} */
export async function facesOf(picture) {
  const body = new FormData();
  body.append("image", picture, "photograph.jpg");
  const answer = await fetch("api/v1/expressions", { method: "POST", body, signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => {
    throw new PhotographFault("lost");
  });
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new PhotographFault(answer.status === 429 ? "busy" : "refused", document.detail ?? "");
  }
  return document.faces;
}

/**
 * @param {import("../types.js").EmotionName} emotion @param {import("../types.js").Goal} goal
 * @returns {Promise<{tracks: import("../types.js").Track[], note: string}>} @throws {PhotographFault}
 */
export async function tracksFor(emotion, goal) {
  const answer = await fetch(`api/v1/tracks?emotion=${emotion}&goal=${goal}&n=8`, { signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => {
    throw new PhotographFault("lost");
  });
  if (!answer.ok) {
    throw new PhotographFault(answer.status === 429 ? "busy" : "refused");
  }
  return answer.json();
}
