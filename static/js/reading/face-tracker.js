/**
 * Faces from frame to frame: the same id while a face is in view, and when to search anew. The same as
 * feelharmonic/reading/faces/face_tracker.py.
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
  #pace;

  /** @param {Finder} finder @param {TrackerConstants} constants */
  constructor(finder, constants) {
    this.#finder = finder;
    this.#constants = constants;
    this.#pace = new SearchPace(constants);
  }

  /** @param {Picture} frame @param {number} at_s when it was taken @returns {Promise<FoundFace[]>} with ids, best score first */
  async track(frame, at_s) {
    const due = this.#pace.isDue(frame, this.#known, at_s);
    let faces = due ? null : await this.#tracked(frame);
    if (!faces) {
      faces = await this.#searched(frame);
      this.#pace.searched(frame, this.#known, faces, at_s, !due);
    }
    this.#known = faces.sort((one, other) => other.score - one.score);
    return [...this.#known];
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

/** When the whole frame is due to be searched: seldom while one face is followed and nothing changes beside it. */
export class SearchPace {
  #constants;
  #searched_at_s = -Infinity;
  #period_s;
  /** @type {number[]|null} of the one face that the last search found */ #box = null;
  /** @type {Uint8Array|null} of the frame that was searched last */ #points = null;
  #has_changed = false;

  /** @param {TrackerConstants} constants */
  constructor(constants) {
    this.#constants = constants;
    this.#period_s = constants.full_search_s;
  }

  /** @param {Picture} frame @param {FoundFace[]} known the faces of the frame before @param {number} at_s */
  isDue(frame, known, at_s) {
    const { max_tracked, full_search_s } = this.#constants;
    const since_s = at_s - this.#searched_at_s;
    if (known.length === 0 || known.length > max_tracked || since_s < 0 || since_s >= this.#period_s) {
      return true;
    }
    if (since_s < full_search_s || !this.#box || !this.#points) {
      return false;
    }
    const beside = besideFaces(frame, [this.#box, known[0].box], this.#constants);
    this.#has_changed = hasChanged(pointsOf(frame, this.#constants), this.#points, beside, this.#constants);
    return this.#has_changed;
  }

  /**
   * Notes what a search found.
   * @param {Picture} frame @param {FoundFace[]} before @param {FoundFace[]} found @param {number} at_s
   * @param {boolean} was_lost it was not due, but a tracked face was gone
   */
  searched(frame, before, found, at_s, was_lost) {
    const { full_search_s, search_growth, longest_search_s } = this.#constants;
    const is_alone = found.length === 1;
    const is_same = is_alone && before.length === 1 && found[0].id === before[0].id;
    if (was_lost || !is_same) {
      this.#period_s = full_search_s;
    } else if (!this.#has_changed) {
      // What had changed was no face: the time between searches stays.
      this.#period_s = Math.min(this.#period_s * search_growth, longest_search_s);
    }
    this.#searched_at_s = at_s;
    this.#has_changed = false;
    const grows = is_alone && this.#period_s > full_search_s;
    this.#box = grows ? found[0].box : null;
    this.#points = grows ? pointsOf(frame, this.#constants) : null;
  }
}

/**
 * A coarse picture of the frame: its green at so many points, row by row.
 * @param {Picture} frame @param {TrackerConstants} constants
 */
export function pointsOf({ data, width, height }, { points: [columns, rows] }) {
  const points = new Uint8Array(columns * rows);
  for (let row = 0, i = 0; row < rows; row += 1) {
    const start = Math.floor(((2 * row + 1) * height) / (2 * rows)) * width;
    for (let column = 0; column < columns; column += 1, i += 1) {
      points[i] = data[(start + Math.floor(((2 * column + 1) * width) / (2 * columns))) * 3 + 1];
    }
  }
  return points;
}

/**
 * 1 at the points that do not move with the face in `boxes`.
 * @param {Picture} frame @param {number[][]} boxes @param {TrackerConstants} constants
 */
export function besideFaces({ width, height }, boxes, { points: [columns, rows], beside_widths, shoulder_widths, above_heights }) {
  const beside = new Uint8Array(columns * rows).fill(1);
  const point = (/** @type {number} */ place, /** @type {number} */ most) => Math.min(Math.max(0, Math.ceil(place)), most);
  for (const [x, y, face_width, face_height] of boxes) {
    const [middle_x, middle_y] = [x + face_width / 2, y + face_height / 2];
    for (const [reach, top] of [[beside_widths, middle_y - above_heights * face_height], [shoulder_widths, y + face_height]]) {
      const [left, right] = [-1, 1].map((side) => point(((middle_x + side * reach * face_width) * columns) / width, columns));
      for (let row = point((top * rows) / height, rows); row < rows; row += 1) {
        beside.fill(0, row * columns + left, row * columns + Math.max(left, right));
      }
    }
  }
  return beside;
}

/**
 * Whether a cell has changed between two frames' points, of those `beside` (1) the face.
 * @param {Uint8Array} points @param {Uint8Array} before @param {Uint8Array} beside @param {TrackerConstants} constants
 */
export function hasChanged(points, before, beside, { points: [columns, rows], cell_points, changed_levels, changed_points }) {
  const light = Math.max(mean(points, beside), 1) / Math.max(mean(before, beside), 1);
  const cells = new Uint8Array((columns / cell_points) * (rows / cell_points));
  let most = 0;
  for (let row = 0, i = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, i += 1) {
      if (!beside[i]) {
        continue;
      }
      let [low, high] = [255, 0];
      for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, rows - 1); y += 1) {
        for (let at = y * columns + Math.max(column - 1, 0); at <= y * columns + Math.min(column + 1, columns - 1); at += 1) {
          low = Math.min(low, before[at]);
          high = Math.max(high, before[at]);
        }
      }
      if (points[i] / light < low - changed_levels || points[i] / light > high + changed_levels) {
        const cell = Math.floor(row / cell_points) * (columns / cell_points) + Math.floor(column / cell_points);
        cells[cell] += 1;
        most = Math.max(most, cells[cell]);
      }
    }
  }
  return most >= changed_points;
}

/** The mean of `points` where `mask` is 1; 0 where it never is. @param {Uint8Array} points @param {Uint8Array} mask */
function mean(points, mask) {
  let [sum, count] = [0, 0];
  for (let i = 0; i < points.length; i += 1) {
    sum += points[i] * mask[i];
    count += mask[i];
  }
  return count ? sum / count : 0;
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
