/**
 * Faces from frame to frame: the same id while a face is in view. The same as feelharmonic/reading/faces/face_tracker.py.
 */

import { iou } from "./boxes.js";

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").TrackerConstants} TrackerConstants */
/**
 * @typedef {{find: (frame: Picture, known: FoundFace[]) => Promise<FoundFace[]>, findNear: (frame: Picture, box: number[]) => Promise<FoundFace|null>}} Finder
 */

export class FaceTracker {
  #finder;
  #constants;
  /** @type {FoundFace[]} */ #known = [];
  #ids = 0;
  #searched_at_s = -Infinity;

  /** @param {Finder} finder @param {TrackerConstants} constants */
  constructor(finder, constants) {
    this.#finder = finder;
    this.#constants = constants;
  }

  /** @param {Picture} frame @param {number} at_s when it was taken @returns {Promise<FoundFace[]>} with ids, best score first */
  async track(frame, at_s) {
    let faces = this.#mayTrack(at_s) ? await this.#tracked(frame) : null;
    if (!faces) {
      faces = await this.#searched(frame);
      this.#searched_at_s = at_s;
    }
    this.#known = faces.sort((one, other) => other.score - one.score);
    return [...this.#known];
  }

  /** @param {number} at_s */
  #mayTrack(at_s) {
    const since_s = at_s - this.#searched_at_s;
    const fresh = since_s >= 0 && since_s < this.#constants.full_search_s;
    return fresh && this.#known.length > 0 && this.#known.length <= this.#constants.max_tracked;
  }

  /** Every known face, found again near its last place; null when one is lost. @param {Picture} frame */
  async #tracked(frame) {
    /** @type {FoundFace[]} */
    const faces = [];
    for (const known of this.#known) {
      const near = await this.#finder.findNear(frame, known.box);
      // Two windows may meet on one face where people pass each other: a full search tells them apart.
      if (!near || faces.some((face) => iou(near.box, face.box) > this.#constants.same_face_iou)) {
        return null;
      }
      faces.push(smoothed(near, known, this.#constants));
    }
    return faces;
  }

  /** @param {Picture} frame */
  async #searched(frame) {
    const unclaimed = [...this.#known];
    return (await this.#finder.find(frame, this.#known)).map((face) => this.#identified(face, unclaimed));
  }

  /** @param {FoundFace} face @param {FoundFace[]} unclaimed */
  #identified(face, unclaimed) {
    const shares = unclaimed.map((old) => iou(old.box, face.box));
    const best = shares.indexOf(Math.max(...shares));
    if (best < 0 || shares[best] < this.#constants.min_iou) {
      this.#ids += 1;
      return { ...face, id: this.#ids };
    }
    const [known] = unclaimed.splice(best, 1);
    return smoothed(face, known, this.#constants);
  }
}

/**
 * `face` with the id of `before`; where it hardly moved, its box and landmarks are smoothed towards those of `before`.
 * @param {FoundFace} face
 * @param {FoundFace} before
 * @param {TrackerConstants} constants
 * @returns {FoundFace}
 */
export function smoothed(face, before, { jitter_share, steady_share }) {
  const moved = Math.max(...face.box.map((value, i) => Math.abs(value - before.box[i]))) / Math.max(face.box[3], 1e-6);
  const share = steady_share + (1 - steady_share) * Math.min(moved / jitter_share, 1) ** 2;
  const towards = (/** @type {number} */ from, /** @type {number} */ to) => from + share * (to - from);
  const old = before.landmarks;
  const landmarks = face.landmarks && old
    ? face.landmarks.map((point, i) => point.map((value, axis) => towards(old[i][axis], value)))
    : face.landmarks;
  return { ...face, box: face.box.map((value, i) => towards(before.box[i], value)), landmarks, id: before.id };
}

/**
 * Which face is the listener's: the largest sure one; the largest where none is sure.
 * @param {FoundFace[]} faces largest first
 * @param {number[]} sharpnesses theirs
 * @param {number|null} listener_id of the frame before
 * @param {import("../types.js").ListenerConstants} constants
 */
export function listenerIndex(faces, sharpnesses, listener_id, { sure_score_of_face, min_sharpness, listener_relief }) {
  const found = faces.findIndex(({ id, score }, i) => {
    const share = listener_id !== null && id === listener_id ? listener_relief : 1;
    return score >= share * sure_score_of_face && sharpnesses[i] >= share * min_sharpness;
  });
  return Math.max(found, 0);
}
