/**
 * Faces from frame to frame: the same id while a face is in view. The same as FaceFollower in feelharmonic/face.py.
 */

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").FollowerConstants} FollowerConstants */
/**
 * @typedef {{find: (frame: Picture, known: FoundFace[]) => Promise<FoundFace[]>, findNear: (frame: Picture, box: number[]) => Promise<FoundFace|null>}} Finder
 */

export class FaceFollower {
  #finder;
  #constants;
  #overlap;
  /** @type {FoundFace[]} */ #known = [];
  #ids = 0;
  #searched_at_s = -Infinity;

  /** @param {Finder} finder @param {FollowerConstants} constants @param {(one: number[], other: number[]) => number} overlap */
  constructor(finder, constants, overlap) {
    this.#finder = finder;
    this.#constants = constants;
    this.#overlap = overlap;
  }

  /** @param {Picture} frame @param {number} at_s when it was taken @returns {Promise<FoundFace[]>} with ids, best score first */
  async see(frame, at_s) {
    let faces = this.#mayFollow(at_s) ? await this.#followed(frame) : null;
    if (!faces) {
      faces = await this.#searched(frame);
      this.#searched_at_s = at_s;
    }
    this.#known = faces.sort((one, other) => other.score - one.score);
    return [...this.#known];
  }

  /** @param {number} at_s */
  #mayFollow(at_s) {
    const since_s = at_s - this.#searched_at_s;
    const fresh = since_s >= 0 && since_s < this.#constants.full_search_s;
    return fresh && this.#known.length > 0 && this.#known.length <= this.#constants.most_followed;
  }

  /** Every known face, found again near its last place; null when one is lost. @param {Picture} frame */
  async #followed(frame) {
    /** @type {FoundFace[]} */
    const faces = [];
    for (const known of this.#known) {
      const near = await this.#finder.findNear(frame, known.box);
      // Two windows may meet on one face where people pass each other: a full search tells them apart.
      if (!near || faces.some((face) => this.#overlap(near.box, face.box) > this.#constants.same_face_iou)) {
        return null;
      }
      faces.push(steadied(near, known, this.#constants));
    }
    return faces;
  }

  /** @param {Picture} frame */
  async #searched(frame) {
    const unclaimed = [...this.#known];
    return (await this.#finder.find(frame, this.#known)).map((face) => this.#named(face, unclaimed));
  }

  /** @param {FoundFace} face @param {FoundFace[]} unclaimed */
  #named(face, unclaimed) {
    const shares = unclaimed.map((old) => this.#overlap(old.box, face.box));
    const best = shares.indexOf(Math.max(...shares));
    if (best < 0 || shares[best] < this.#constants.least_overlap) {
      this.#ids += 1;
      return { ...face, id: this.#ids };
    }
    const [known] = unclaimed.splice(best, 1);
    return steadied(face, known, this.#constants);
  }
}

/**
 * `face` under the id of `before`, its box and landmarks drawn towards those where it hardly moved.
 * @param {FoundFace} face
 * @param {FoundFace} before
 * @param {FollowerConstants} constants
 * @returns {FoundFace}
 */
export function steadied(face, before, { jitter_share, steady_share }) {
  const moved = Math.max(...face.box.map((value, i) => Math.abs(value - before.box[i]))) / Math.max(face.box[3], 1e-6);
  const share = steady_share + (1 - steady_share) * Math.min(moved / jitter_share, 1) ** 2;
  const towards = (/** @type {number} */ from, /** @type {number} */ to) => from + share * (to - from);
  const old = before.landmarks;
  const landmarks = face.landmarks && old
    ? face.landmarks.map((point, i) => point.map((value, axis) => towards(old[i][axis], value)))
    : face.landmarks;
  return { ...face, box: face.box.map((value, i) => towards(before.box[i], value)), landmarks, id: before.id };
}
