/**
 * The listener's resting face: the middle of what a few seconds of looking neutral show. Pure; times are passed in.
 */

/** So long the listener looks neutral. */
export const RESTING_MS = 3000;
/** Fewer readings of a face than this teach nothing. A slow server gets more time for them, but not for ever. */
const LEAST_READINGS = 4;
export const LONGEST_MS = 9000;
/** A face must be seen in this share of the replies. */
const LEAST_SHARE = 0.6;
const DIGITS = 4;

/** @typedef {{progress: number, done: boolean, probabilities: number[]|null}} RestingState progress in 0..1 */

export class RestingFace {
  /** @type {number} */ #began_ms;
  #replies = 0;
  /** @type {number[][]} */ #readings = [];

  /** @param {number} at_ms */
  constructor(at_ms) {
    this.#began_ms = at_ms;
  }

  /**
   * @param {number[]|null|undefined} probabilities what the face itself shows (not smoothed, not corrected), if any
   * @param {number} at_ms
   * @returns {RestingState} once done, `probabilities` is null where too little was seen
   */
  see(probabilities, at_ms) {
    this.#replies += 1;
    if (probabilities) {
      this.#readings.push(probabilities);
    }
    const lasted_ms = at_ms - this.#began_ms;
    const progress = Math.min(1, lasted_ms / RESTING_MS, this.#readings.length / LEAST_READINGS);
    const done = progress === 1 || lasted_ms >= LONGEST_MS;
    return { progress, done, probabilities: done ? this.#middle() : null };
  }

  /** Each emotion's median, so that a blink or somebody passing by teaches nothing; together they sum to 1. */
  #middle() {
    const count = this.#readings.length;
    if (count < LEAST_READINGS || count < LEAST_SHARE * this.#replies) {
      return null;
    }
    const medians = this.#readings[0].map((_, i) => median(this.#readings.map((reading) => reading[i])));
    const total = medians.reduce((sum, value) => sum + value, 0);
    // A face that never showed the same twice was not at rest.
    return total > 0 ? medians.map((value) => Number((value / total).toFixed(DIGITS))) : null;
  }
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
