/**
 * When to plan the queue anew for a mood: one other than the one that is planned for has held for long enough; and what of
 * the other emotions there is in that mood. Pure.
 */

/** How many tracks are planned ahead. */
export const PLANNED = 5;

/** So many readings count in a mood's mixture, the newest most: later ones move it. */
const READINGS = 200;

/** @typedef {import("../types.js").EmotionName} EmotionName */
/** @typedef {import("../types.js").QueueEntry} QueueEntry */

export class FollowMood {
  on = false;
  #hold_s;
  /** What is planned for. @type {EmotionName|null} */ emotion = null;
  /** The mean of the readings since that mood began, and of which mood. @type {{emotion: EmotionName, mean: number[], count: number}|null} */ #read = null;

  /** @param {number} hold_s */
  constructor(hold_s) {
    this.#hold_s = hold_s;
  }

  /** @param {import("../types.js").Mood|null} mood @param {number[]|null} probabilities of the newest reading */
  read(mood, probabilities) {
    if (!mood || !probabilities) {
      return;
    }
    const { mean, count } = this.#read?.emotion === mood.emotion ? this.#read : { mean: probabilities, count: 0 };
    const share = 1 / Math.min(count + 1, READINGS);
    this.#read = { emotion: mood.emotion, mean: mean.map((value, i) => value + share * (probabilities[i] - value)), count: count + 1 };
  }

  /** The seven probabilities of the mood that is planned for, null while nothing of it was read. @returns {number[]|null} */
  get mixture() {
    return this.#read && this.#read.emotion === this.emotion ? this.#read.mean : null;
  }

  /**
   * @param {import("../types.js").Mood|null} mood
   * @param {boolean} [hidden] whether the tab is: nothing is read then, and an answer that comes late changes nothing
   * @returns {boolean} whether to plan anew, now for `emotion`; each change of mood says so once
   */
  changed(mood, hidden) {
    if (hidden || !this.on || !mood || mood.emotion === this.emotion || (this.emotion !== null && mood.since_s < this.#hold_s)) {
      return false;
    }
    this.emotion = mood.emotion;
    return true;
  }
}

/** What of a plan is new, at most `count`. @param {QueueEntry[]} planned @param {(id: string) => boolean} isKnown @param {number} count */
export function fresh(planned, isKnown, count) {
  return planned.filter(({ track }) => !isKnown(track.id)).slice(0, count);
}
