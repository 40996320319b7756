/**
 * When to offer a new list: a mood other than the one that the last list was for has held for the chosen time. Pure.
 */

/** What a listener may choose, seconds. */
export const HOLD_CHOICES_S = [5, 10, 20, 60];

export class AutoRefresh {
  on = false;
  hold_s = HOLD_CHOICES_S[1];
  /** @type {string|null} */ #served = null;

  /** Tracks for `emotion` have just been shown. @param {string} emotion */
  served(emotion) {
    this.#served = emotion;
  }

  /**
   * @param {import("../types.js").Mood|null} mood
   * @returns {import("../types.js").EmotionName|null} what to offer tracks for now; each change of mood is returned once
   */
  next(mood) {
    if (!this.on || !mood || mood.emotion === this.#served || mood.since_s < this.hold_s) {
      return null;
    }
    this.#served = mood.emotion;
    return mood.emotion;
  }
}
