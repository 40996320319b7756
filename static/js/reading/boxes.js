/**
 * The finder network's maps → faces; and how much boxes overlap. The same as in feelharmonic/face.py. Pure.
 */

/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").FinderConstants} FinderConstants */

/**
 * @param {{data: Float32Array|number[], rows: number, columns: number}} maps (15, rows, columns), as the network gives them
 * @param {number} least_score 0..1
 * @param {FinderConstants} constants
 * @returns {FoundFace[]} in the network's pixels, best first, none overlapping another much
 */
export function decodeMaps({ data, rows, columns }, least_score, constants) {
  const cells = rows * columns;
  const least_logit = Math.log(least_score / (1 - least_score));
  const faces = [];
  for (let cell = 0; cell < cells; cell += 1) {
    if (data[cell] > least_logit) {
      faces.push(decoded((map) => data[map * cells + cell], Math.floor(cell / columns), cell % columns, constants));
    }
  }
  return distinct(faces, constants.same_face_iou);
}

/**
 * @param {(map: number) => number} value
 * @param {number} row
 * @param {number} column
 * @param {FinderConstants} constants
 * @returns {FoundFace}
 */
function decoded(value, row, column, { stride, size_unit }) {
  const centre_x = (column + 0.5 + value(1)) * stride;
  const centre_y = (row + 0.5 + value(2)) * stride;
  const [width, height] = [value(3), value(4)].map((log) => Math.exp(Math.min(Math.max(log, -4), 3)) * size_unit);
  return {
    box: [centre_x - width / 2, centre_y - height / 2, width, height],
    score: 1 / (1 + Math.exp(-value(0))),
    landmarks: [0, 1, 2, 3, 4].map((i) => [value(5 + 2 * i) * width + centre_x, value(6 + 2 * i) * height + centre_y]),
    id: null,
  };
}

/**
 * The faces, best first, without those that overlap a better one much.
 * @param {FoundFace[]} faces
 * @param {number} same_face_iou
 * @returns {FoundFace[]}
 */
export function distinct(faces, same_face_iou) {
  /** @type {FoundFace[]} */
  const kept = [];
  for (const face of [...faces].sort((one, other) => other.score - one.score)) {
    if (kept.every((better) => overlap(face.box, better.box) < same_face_iou)) {
      kept.push(face);
    }
  }
  return kept;
}

/** Intersection over union, 0..1, of two boxes (x, y, width, height). @param {number[]} one @param {number[]} other */
export function overlap(one, other) {
  const width = Math.min(one[0] + one[2], other[0] + other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[1] + one[3], other[1] + other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) {
    return 0;
  }
  const shared = width * height;
  return shared / (one[2] * one[3] + other[2] * other[3] - shared);
}
