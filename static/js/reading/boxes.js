/**
 * Boxes (x, y, width, height): how much they overlap, and non-maximum suppression. The same as
 * feelharmonic/reading/faces/boxes.py. Pure.
 */

/** @typedef {import("../types.js").FoundFace} FoundFace */

/**
 * Non-maximum suppression.
 * @param {FoundFace[]} faces
 * @param {number} max_iou a face whose box overlaps a better one's by as much is left out
 * @returns {FoundFace[]} best score first
 */
export function nonMaximumSuppression(faces, max_iou) {
  /** @type {FoundFace[]} */
  const kept = [];
  for (const face of [...faces].sort((one, other) => other.score - one.score)) {
    if (kept.every((better) => iou(face.box, better.box) < max_iou)) {
      kept.push(face);
    }
  }
  return kept;
}

/** Intersection over union of two boxes, 0..1. @param {number[]} one @param {number[]} other */
export function iou(one, other) {
  const width = Math.min(one[0] + one[2], other[0] + other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[1] + one[3], other[1] + other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) {
    return 0;
  }
  const intersection = width * height;
  return intersection / (one[2] * one[3] + other[2] * other[3] - intersection);
}
