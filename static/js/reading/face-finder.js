/**
 * A frame → the faces in it: the detector reads the whole frame, the refiner a window around each candidate. The same as
 * feelharmonic/reading/faces/face_finder.py.
 */

import { iou, nonMaximumSuppression } from "./boxes.js";
import { black, enlarged, part, put, roundHalfEven, shrunk, warped } from "./frame.js";

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").FinderConstants} FinderConstants */
/**
 * A network: (1, 3, height, width) BGR 0..1 → its maps.
 * @typedef {(input: Float32Array, width: number, height: number) => Promise<{data: Float32Array, rows: number, columns: number}>} MapNetwork
 */
/** @typedef {{left: number, top: number, scale_x: number, scale_y: number}} View network = frame × scale + (left, top) */

export class FaceFinder {
  #detector;
  #refiner;
  #constants;

  /**
   * @param {MapNetwork} detector reads a whole frame
   * @param {MapNetwork} refiner reads a window around one face
   * @param {FinderConstants} constants
   */
  constructor(detector, refiner, constants) {
    this.#detector = detector;
    this.#refiner = refiner;
    this.#constants = constants;
  }

  /**
   * @param {Picture} frame BGR
   * @param {FoundFace[]} [known] the faces of the frame before: for these one window is enough
   * @returns {Promise<FoundFace[]>} best score first
   */
  async find(frame, known = []) {
    const candidates = await this.#candidates(frame);
    const seen = [];
    for (const candidate of candidates.slice(0, this.#constants.max_refined)) {
      const face = (await this.#refound(frame, candidate, known)) ?? (await this.#refined(frame, candidate));
      if (face && face.box[3] >= this.#constants.min_found_px) {
        seen.push(face);
      }
    }
    return nonMaximumSuppression(seen, this.#constants.same_face_iou);
  }

  /**
   * @param {Picture} frame
   * @param {number[]} box
   * @returns {Promise<FoundFace|null>} the face at about `box`, null where it is gone
   */
  findNear(frame, box) {
    return this.#near(this.#windowAround(frame, box), box, this.#constants.min_tracked_score);
  }

  /**
   * @param {{window: Picture, view: View}} where @param {number[]} box @param {number} min_score
   * @param {boolean} [mirrored] whether the refiner reads the window mirrored; the returned box is not mirrored
   * @returns {Promise<FoundFace|null>}
   */
  async #near({ window, view }, box, min_score, mirrored = false) {
    const { min_iou } = this.#constants;
    const seen = await this.#read(this.#refiner, mirrored ? mirror(window) : window, min_score);
    const faces = seen.map((face) => inFrame(mirrored ? unmirrored(face, window.width) : face, view));
    const worth = (/** @type {FoundFace} */ face) => iou(face.box, box) * face.score;
    const near = faces.filter((face) => iou(face.box, box) > min_iou);
    return near.reduce((best, face) => (best === null || worth(face) > worth(best) ? face : best), /** @type {FoundFace|null} */ (null));
  }

  /** @param {Picture} frame */
  async #candidates(frame) {
    const { detector_size, min_candidate_score } = this.#constants;
    const scale = Math.min(detector_size[0] / frame.width, detector_size[1] / frame.height);
    const [width, height] = [frame.width, frame.height].map((length) => Math.max(1, roundHalfEven(length * scale)));
    const fitted = scale < 1 ? shrunk(frame, width, height) : enlarged(frame, width, height);
    const [left, top] = [Math.floor((detector_size[0] - width) / 2), Math.floor((detector_size[1] - height) / 2)];
    const canvas = black(detector_size[0], detector_size[1], 3);
    put(canvas, fitted, left, top);
    const view = { left, top, scale_x: width / frame.width, scale_y: height / frame.height };
    const seen = await this.#read(this.#detector, canvas, min_candidate_score);
    return seen.map((face) => inFrame(face, view));
  }

  /**
   * `face` as the refiner sees it, with the combined score; null if that is too low. A sure face stays as it is.
   * @param {Picture} frame
   * @param {FoundFace} face
   */
  async #refined(frame, face) {
    if (face.score >= this.#constants.sure_score) {
      return face;
    }
    const { min_score, min_refined_score, max_mirrored_score } = this.#constants;
    const where = this.#windowAround(frame, face.box);
    const near = await this.#near(where, face.box, min_refined_score);
    if (!near || combineScores(face.score, near.score, max_mirrored_score, this.#constants) < min_score) {
      return null;
    }
    if (combineScores(face.score, near.score, min_refined_score, this.#constants) >= min_score) {
      // Whatever the mirrored window said, this would be a face.
      return { ...near, score: combineScores(face.score, near.score, near.score, this.#constants) };
    }
    const mirrored = await this.#near(where, face.box, min_refined_score, true);
    const score = mirrored ? combineScores(face.score, near.score, mirrored.score, this.#constants) : 0;
    return score >= min_score ? { ...near, score } : null;
  }

  /**
   * `face` as seen in the window of the known face that it is; null if it is none of `known`, or no face.
   * @param {Picture} frame
   * @param {FoundFace} face
   * @param {FoundFace[]} known
   * @returns {Promise<FoundFace|null>}
   */
  async #refound(frame, face, known) {
    const { min_iou, same_face_iou, min_score, sure_score } = this.#constants;
    const shares = known.map((old) => iou(old.box, face.box));
    const best = shares.indexOf(Math.max(...shares));
    if (best < 0 || shares[best] < min_iou) {
      return null;
    }
    const near = await this.findNear(frame, known[best].box);
    if (!near || iou(near.box, face.box) < same_face_iou) {
      return null;
    }
    const score = face.score >= sure_score ? face.score : combineScores(face.score, near.score, near.score, this.#constants);
    return score >= min_score ? { ...near, score } : null;
  }

  /**
   * The refiner's window around `box`, and where it lies in the frame.
   * @param {Picture} frame
   * @param {number[]} box
   * @returns {{window: Picture, view: View}}
   */
  #windowAround(frame, [x, y, width, height]) {
    const { refiner_size, window_share } = this.#constants;
    const side = Math.max(width, height) / window_share;
    const scale = refiner_size[0] / side;
    const [left, top] = [x + width / 2 - side / 2, y + height / 2 - side / 2];
    const view = { left: -left * scale, top: -top * scale, scale_x: scale, scale_y: scale };
    return { window: this.#window(frame, left, top, scale), view };
  }

  /**
   * The frame from (left, top), scaled; black beyond it.
   * @param {Picture} frame
   * @param {number} left
   * @param {number} top
   * @param {number} scale
   */
  #window(frame, left, top, scale) {
    const [width, height] = this.#constants.refiner_size;
    const [x1, y1] = [left, top].map((at) => Math.max(0, Math.floor(at)));
    const x2 = Math.min(frame.width, Math.ceil(left + width / scale));
    const y2 = Math.min(frame.height, Math.ceil(top + height / scale));
    if (x2 - x1 < 2 || y2 - y1 < 2) {
      return black(width, height, 3);
    }
    let piece = part(frame, x1, y1, x2, y2);
    let shrink = 1;
    if (scale < 0.5) {
      shrink = scale;
      const small = [piece.width * shrink, piece.height * shrink].map(roundHalfEven);
      piece = shrunk(piece, small[0], small[1], 1 / shrink, 1 / shrink);
    }
    const move = [scale / shrink, 0, (x1 - left) * scale, 0, scale / shrink, (y1 - top) * scale];
    return warped(piece, move, width, height, "black", this.#constants.sampling_steps);
  }

  /** @param {MapNetwork} network @param {Picture} picture @param {number} min_score @returns {Promise<FoundFace[]>} in the picture's own pixels */
  async #read(network, picture, min_score) {
    const maps = await network(planes(picture), picture.width, picture.height);
    return decodeMaps(maps, min_score, this.#constants);
  }
}

/**
 * One score out of three: the weighted mean of their logits.
 * @param {number} detected @param {number} refined @param {number} mirrored the refiner's on the mirrored window
 * @param {FinderConstants} constants
 */
function combineScores(detected, refined, mirrored, { detector_weight: weight, max_score }) {
  const logit = (/** @type {number} */ score) => Math.log(Math.min(score, max_score) / (1 - Math.min(score, max_score)));
  return 1 / (1 + Math.exp(-(weight * logit(detected) + ((1 - weight) / 2) * (logit(refined) + logit(mirrored)))));
}

/** @param {Picture} picture @returns {Picture} mirrored: left and right exchanged */
function mirror({ data, width, height, channels }) {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * channels;
      turned.set(data.subarray(from, from + channels), (y * width + width - 1 - x) * channels);
    }
  }
  return { data: turned, width, height, channels };
}

/** @param {FoundFace} face @param {number} width of the window, pixels @returns {FoundFace} with a valid box and score; its landmarks stay mirrored */
function unmirrored(face, width) {
  const [x, y, face_width, height] = face.box;
  return { ...face, box: [width - x - face_width, y, face_width, height] };
}

/** @param {Picture} picture @returns {Float32Array} (3, height, width) 0..1 */
function planes({ data, width, height }) {
  const count = width * height;
  const result = new Float32Array(3 * count);
  for (let i = 0; i < count; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      result[channel * count + i] = data[3 * i + channel] / 255;
    }
  }
  return result;
}

/** @param {FoundFace} face @param {View} view @returns {FoundFace} */
function inFrame(face, { left, top, scale_x, scale_y }) {
  const [x, y, width, height] = face.box;
  return {
    ...face,
    box: [(x - left) / scale_x, (y - top) / scale_y, width / scale_x, height / scale_y],
    landmarks: face.landmarks && face.landmarks.map(([point_x, point_y]) => [(point_x - left) / scale_x, (point_y - top) / scale_y]),
  };
}

/**
 * The network's maps → faces.
 * @param {{data: Float32Array|number[], rows: number, columns: number}} maps (15, rows, columns), as the network gives them
 * @param {number} min_score 0..1
 * @param {FinderConstants} constants
 * @returns {FoundFace[]} in the network's pixels, best first, none overlapping another much
 */
export function decodeMaps({ data, rows, columns }, min_score, constants) {
  const cells = rows * columns;
  const min_logit = Math.log(min_score / (1 - min_score));
  const faces = [];
  for (let cell = 0; cell < cells; cell += 1) {
    if (data[cell] > min_logit) {
      faces.push(decoded((map) => data[map * cells + cell], Math.floor(cell / columns), cell % columns, constants));
    }
  }
  return nonMaximumSuppression(faces, constants.same_face_iou);
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
