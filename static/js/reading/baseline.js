/**
 * A face read against itself: what it shows beyond its own resting face, given or estimated from its readings. The same
 * as feelharmonic/reading/baseline.py. Pure; times are passed in.
 */

/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").BaselineConstants} BaselineConstants */
/** @typedef {{face: FoundFace, probabilities: number[], appearance: number[]}} ReadFace */

/** Blocks a side of a crop's appearance. */
const BLOCKS = 8;

/**
 * @param {number[]} probabilities of a face
 * @param {number[]} resting the same of its resting face
 * @param {BaselineConstants} constants
 * @returns {number[]} what it shows
 */
export function relativeToRest(probabilities, resting, constants) {
  return shown(logOdds(probabilities, constants), logOdds(resting, constants), constants);
}

/** @param {number[]} probabilities @param {BaselineConstants} constants */
function logOdds(probabilities, { floor, neutral_index }) {
  const logs = probabilities.map((value) => Math.log(Math.max(value, floor)));
  return logs.map((log) => log - logs[neutral_index]);
}

/** @param {number[]} odds @param {number[]} resting_odds @param {BaselineConstants} constants */
function shown(odds, resting_odds, { neutral, neutral_index }) {
  const moved = odds.map((value, i) => (i === neutral_index ? neutral : value - resting_odds[i]));
  const highest = Math.max(...moved);
  const raised = moved.map((value) => Math.exp(value - highest));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

/** The estimate of one face's resting log-odds: a bounded quantile of its own over the last minutes. */
export class RestingFace {
  #constants;
  /** @type {number[][]} the newest replaces the oldest */ #samples = [];
  #size;
  #count = 0;
  #seen_s = 0;
  /** @type {number|null} */ #last_at_s = null;
  #sampled_at_s = -Infinity;
  /** @type {number[]|null} */ #quantile = null;

  /** @param {BaselineConstants} constants */
  constructor(constants) {
    this.#constants = constants;
    this.#size = Math.max(1, Math.round(constants.window_s / constants.sample_s));
  }

  /** Forgets the estimate. */
  restart() {
    this.#samples = [];
    this.#count = 0;
    this.#seen_s = 0;
    this.#last_at_s = null;
    this.#sampled_at_s = -Infinity;
    this.#quantile = null;
  }

  /** Whether the face's own readings count for more than the prior. */
  get isLearned() {
    return this.#seen_s >= this.#constants.prior_s;
  }

  /** Adds a reading to the estimate. @param {number[]} probabilities @param {number} at_s @returns {number[]} what is shown of it */
  update(probabilities, at_s) {
    const { sample_s, longest_step_s, quantile } = this.#constants;
    const odds = logOdds(probabilities, this.#constants);
    if (this.#last_at_s !== null) {
      this.#seen_s += Math.min(Math.max(at_s - this.#last_at_s, 0), longest_step_s);
    }
    this.#last_at_s = at_s;
    if (at_s - this.#sampled_at_s >= sample_s) {
      this.#sampled_at_s = at_s;
      this.#samples[this.#count % this.#size] = odds.map(Math.fround);
      this.#count += 1;
      this.#quantile = odds.map((_, i) => quantileOf(this.#samples.map((sample) => sample[i]), quantile));
    }
    return shown(odds, this.#logOdds(), this.#constants);
  }

  #logOdds() {
    const { prior, prior_s, below, above } = this.#constants;
    const weight = this.#seen_s / (this.#seen_s + prior_s);
    return (this.#quantile ?? []).map((value) => prior + Math.min(Math.max(weight * (value - prior), -below), above));
  }
}

/** Between two values linear, as NumPy's. @param {number[]} values @param {number} share 0..1 */
function quantileOf(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** The resting faces of everybody in view, by the tracker's ids. */
export class RestingFaces {
  #constants;
  /** @type {Map<number|null, {rest: RestingFace, read: ReadFace, at_s: number}>} */ #known = new Map();

  /** @param {BaselineConstants} constants */
  constructor(constants) {
    this.#constants = constants;
  }

  /** @param {FoundFace[]} faces all of the frame @param {ReadFace[]} read those that were read @param {number} at_s @returns {number[][]} what each read one shows */
  update(faces, read, at_s) {
    for (const [id, { at_s: last_s }] of this.#known) {
      if (at_s - last_s > this.#constants.lost_after_s) {
        this.#known.delete(id);
      }
    }
    const present = new Set(faces.map(({ id }) => id));
    return read.map((now) => {
      const known = this.#of(now, present, at_s);
      known.read = now;
      known.at_s = at_s;
      return known.rest.update(now.probabilities, at_s);
    });
  }

  /** @param {number|null} id */
  isLearned(id) {
    return this.#known.get(id)?.rest.isLearned ?? false;
  }

  /** @param {ReadFace} now @param {Set<number|null>} present @param {number} at_s */
  #of(now, present, at_s) {
    let known = this.#known.get(now.face.id);
    if (!known) {
      const lost = [...this.#known].filter(([id, { read }]) => !present.has(id) && !this.#isOther(now, read));
      const found = lost[lost.length - 1];
      if (found) {
        this.#known.delete(found[0]);
      }
      known = found ? found[1] : { rest: new RestingFace(this.#constants), read: now, at_s };
      this.#known.set(now.face.id, known);
    } else if (at_s - known.at_s <= this.#constants.longest_step_s && this.#isOther(now, known.read)) {
      known.rest.restart();
    }
    return known;
  }

  /** Whether size, place or look of a face say that it is another person's. @param {ReadFace} now @param {ReadFace} before */
  #isOther(now, before) {
    const { other_size, other_place, other_likeness } = this.#constants;
    const [x, y, width, height] = now.face.box;
    const [old_x, old_y, old_width, old_height] = before.face.box;
    const ratio = Math.max(height, 1e-6) / Math.max(old_height, 1e-6);
    const moved = Math.max(Math.abs(x + width / 2 - old_x - old_width / 2), Math.abs(y + height / 2 - old_y - old_height / 2));
    if (Math.max(ratio, 1 / ratio) > other_size || moved > other_place * Math.max(height, old_height)) {
      return true;
    }
    return now.appearance.reduce((sum, value, i) => sum + value * before.appearance[i], 0) < other_likeness;
  }
}

/** A crop's means in 8×8 blocks, centred, of length 1: products of two are correlations. @param {Picture} crop grey @returns {number[]} */
export function appearanceOf({ data, width }) {
  const side = width / BLOCKS;
  const sums = new Array(BLOCKS * BLOCKS).fill(0);
  data.forEach((level, i) => {
    sums[Math.floor(Math.floor(i / width) / side) * BLOCKS + Math.floor((i % width) / side)] += level;
  });
  const mean = sums.reduce((total, value) => total + value, 0) / sums.length;
  const centred = sums.map((value) => (value - mean) / (side * side));
  const length = Math.max(Math.hypot(...centred), 1e-9);
  return centred.map((value) => value / length);
}
