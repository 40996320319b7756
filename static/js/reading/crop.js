/**
 * A face in a frame → 48×48 grey in FER2013's framing. The same as feelharmonic/reading/faces/crop.py. Pure.
 */

import { grey, inverse, part, roundHalfEven, shrunk, warped } from "./frame.js";

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").CropConstants} CropConstants */

/**
 * @param {Picture} frame BGR
 * @param {import("../types.js").FoundFace} face
 * @param {CropConstants} constants
 * @returns {Picture} one channel; beyond the frame its edge is repeated
 */
export function cutCrop(frame, face, constants) {
  const [x, y, width, height] = face.box;
  const move = face.landmarks
    ? aligned(face.landmarks, height, constants)
    : upright(x + width / 2, y - 0.035 * height, height * 0.98, constants);
  return greyCrop(frame, move, constants);
}

/**
 * The similarity that takes eyes and mouth to their places in the crop.
 * @param {number[][]} points
 * @param {number} height
 * @param {CropConstants} constants
 * @returns {number[]}
 */
export function aligned(points, height, constants) {
  const [eyes, mouth] = [middle(points.slice(0, 2)), middle(points.slice(3))];
  const [crop_eyes, crop_mouth] = [middle(constants.crop_eyes), middle(constants.crop_mouth)];
  const down = [mouth[0] - eyes[0], mouth[1] - eyes[1]];
  // Landmarks that coincide give no scale: the face's height does then.
  const scale = (crop_mouth[1] - crop_eyes[1]) / Math.max(Math.hypot(...down), 0.2 * height);
  const turn = Math.atan2(down[0], down[1]);
  const [cos, sin] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
  return [
    cos, -sin, crop_eyes[0] - (cos * eyes[0] - sin * eyes[1]),
    sin, cos, crop_eyes[1] - (sin * eyes[0] + cos * eyes[1]),
  ];
}

/** @param {number[][]} points */
function middle(points) {
  return [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
}

/** @param {number} middle_x @param {number} top @param {number} side @param {CropConstants} constants @returns {number[]} */
function upright(middle_x, top, side, { crop_side_px }) {
  const scale = crop_side_px / Math.max(side, 1e-3);
  return [scale, 0, -(middle_x - side / 2) * scale, 0, scale, -top * scale];
}

/**
 * @param {Picture} frame
 * @param {number[]} move
 * @param {CropConstants} constants
 */
function greyCrop(frame, move, { crop_side_px: side, sampling_steps }) {
  const [a, b, c, d, e, f] = inverse(move);
  const corners = [[0, 0], [side, 0], [side, side], [0, side]].map(([x, y]) => [a * x + b * y + c, d * x + e * y + f]);
  // At least two pixels of the frame, even where the face lies outside it.
  const [left, right] = reach(corners.map(([x]) => x), frame.width);
  const [top, bottom] = reach(corners.map(([, y]) => y), frame.height);
  let piece = grey(part(frame, left, top, right, bottom));
  const moved = [...move];
  moved[2] += move[0] * left + move[1] * top;
  moved[5] += move[3] * left + move[4] * top;
  const scale = Math.hypot(move[0], move[3]);
  if (scale < 0.5) {
    // Bilinear sampling is sparse when it shrinks: average first.
    const shrink = scale * 1.5;
    const [width, height] = [piece.width * shrink, piece.height * shrink].map(roundHalfEven);
    const small = shrunk(piece, width, height, 1 / shrink, 1 / shrink);
    for (const [column, stretch] of [[0, piece.width / small.width], [1, piece.height / small.height]]) {
      moved[column] *= stretch;
      moved[3 + column] *= stretch;
    }
    piece = small;
  }
  return warped(piece, moved, side, side, "edge", sampling_steps);
}

/**
 * How sharp a crop is: its second differences over its contrast, at half its size.
 * @param {Picture} crop one channel @param {CropConstants} constants
 */
export function sharpness({ data, width }, { min_contrast }) {
  const side = width / 2;
  const small = Array.from({ length: side * side }, (_, i) => {
    const at = 2 * Math.floor(i / side) * width + 2 * (i % side);
    return (data[at] + data[at + 1] + data[at + width] + data[at + width + 1]) / 4;
  });
  const mean = small.reduce((sum, level) => sum + level, 0) / small.length;
  const contrast = Math.sqrt(small.reduce((sum, level) => sum + (level - mean) ** 2, 0) / small.length);
  let differences = 0;
  for (let y = 1; y < side - 1; y += 1) {
    for (let at = y * side + 1; at < (y + 1) * side - 1; at += 1) {
      differences += Math.abs(4 * small[at] - small[at - side] - small[at + side] - small[at - 1] - small[at + 1]);
    }
  }
  return differences / (side - 2) ** 2 / Math.max(contrast, min_contrast);
}

/** @param {number[]} values @param {number} limit */
function reach(values, limit) {
  const from = Math.trunc(clamp(Math.min(...values) - 2, 0, limit - 2));
  return [from, Math.trunc(clamp(Math.max(...values) + 3, from + 2, limit))];
}

/** @param {number} value @param {number} low @param {number} high */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
