/**
 * What keeps a picture from being read: too dark, too bright, covered, frozen, the face too far away or cut off. The same
 * as feelharmonic/reading/pictures/picture_quality.py.
 */

import { grey, shrunk } from "./frame.js";

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").QualityConstants} QualityConstants */
/** @typedef {import("../types.js").PictureProblem} PictureProblem */

export class PictureQuality {
  #constants;
  /** @type {Uint8Array|null} the newest picture's */ #data = null;
  #same_since_s = -Infinity;
  #last_at_s = -Infinity;

  /** @param {QualityConstants} constants */
  constructor(constants) {
    this.#constants = constants;
  }

  /** @param {Picture} frame BGR @param {FoundFace[]} faces in it, the listener's first @param {number} at_s @returns {PictureProblem|null} */
  problem(frame, faces, at_s) {
    const frozen = this.#isFrozen(frame, at_s);
    const problem = lightProblem(frame, faces.length > 0, this.#constants);
    if (problem) {
      return problem;
    }
    if (frozen) {
      return "frozen";
    }
    return faces.length ? faceProblem(faces[0], frame, this.#constants) : null;
  }

  /** @param {Picture} frame @param {number} at_s */
  #isFrozen({ data }, at_s) {
    const before = this.#data;
    const same = before !== null && before.length === data.length && data.every((level, i) => level === before[i]);
    if (!same || at_s - this.#last_at_s > this.#constants.max_gap_s) {
      this.#data = data;
      this.#same_since_s = at_s;
    }
    this.#last_at_s = at_s;
    return at_s - this.#same_since_s >= this.#constants.frozen_s;
  }
}

/** @param {Picture} frame @param {boolean} found whether a face is in it @param {QualityConstants} constants @returns {PictureProblem|null} */
function lightProblem(frame, found, constants) {
  const [width, height] = constants.thumbnail_size;
  const { data } = grey(shrunk(frame, width, height));
  const mean = data.reduce((sum, level) => sum + level, 0) / data.length;
  const deviation = () => Math.sqrt(data.reduce((sum, level) => sum + (level - mean) ** 2, 0) / data.length);
  if (mean < constants.black && deviation() < constants.black_deviation) {
    return "black";
  }
  if (mean < (found ? constants.dark : constants.dark_without_face)) {
    return "too_dark";
  }
  if (mean > (found ? constants.bright : constants.bright_without_face)) {
    return "too_bright";
  }
  if (found) {
    return null;
  }
  if (data.filter((level) => level >= constants.saturated).length / data.length >= constants.max_saturated_share) {
    return "too_bright";
  }
  if (mean >= constants.covered_below) {
    return null;
  }
  return deviation() < constants.min_deviation ? "covered" : null;
}

/** @param {FoundFace} face @param {Picture} frame @param {QualityConstants} constants @returns {PictureProblem|null} */
function faceProblem({ box: [x, y, width, height] }, frame, { min_face_px, max_outside_share }) {
  if (height < min_face_px) {
    return "face_too_far";
  }
  const across = Math.max(0, Math.min(x + width, frame.width) - Math.max(x, 0));
  const down = Math.max(0, Math.min(y + height, frame.height) - Math.max(y, 0));
  return across * down < (1 - max_outside_share) * width * height ? "face_cut_off" : null;
}
