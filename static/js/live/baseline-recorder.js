/**
 * Records the listener's baseline: the median of what a few seconds of a neutral face show. Pure; times are passed in.
 */

/** How long the listener looks neutral. */
export const RECORDING_MS = 3000;
/** Fewer readings give no baseline. A slow server gets more time for them, up to MAX_RECORDING_MS. */
const MIN_READINGS = 4;
export const MAX_RECORDING_MS = 9000;
/** Least share of replies with a face. */
const MIN_FACE_SHARE = 0.6;
const DIGITS = 4;

/** @typedef {{progress: number, done: boolean, probabilities: number[]|null}} RecordingState progress in 0..1 */

export class BaselineRecorder {
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
   * @returns {RecordingState} once done, `probabilities` is null if there were too few readings
   */
  add(probabilities, at_ms) {
    this.#replies += 1;
    if (probabilities) {
      this.#readings.push(probabilities);
    }
    const elapsed_ms = at_ms - this.#began_ms;
    const progress = Math.min(1, elapsed_ms / RECORDING_MS, this.#readings.length / MIN_READINGS);
    const done = progress === 1 || elapsed_ms >= MAX_RECORDING_MS;
    return { progress, done, probabilities: done ? this.#medians() : null };
  }

  /** Each emotion's median, so that a blink or a passer-by does not count; they sum to 1. */
  #medians() {
    const count = this.#readings.length;
    if (count < MIN_READINGS || count < MIN_FACE_SHARE * this.#replies) {
      return null;
    }
    const medians = this.#readings[0].map((_, i) => median(this.#readings.map((reading) => reading[i])));
    const total = medians.reduce((sum, value) => sum + value, 0);
    // All medians are 0 if the face never showed the same twice: it was not neutral.
    return total > 0 ? medians.map((value) => Number((value / total).toFixed(DIGITS))) : null;
  }
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
