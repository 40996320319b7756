/**
 * Expressions over time → the moment's expression and the mood: smoothing, hold time. The same as
 * feelharmonic/reading/mood.py. Pure: times are passed in.
 */

/** @typedef {import("../types.js").Mood} Mood */
/** @typedef {Pick<Mood, "emotion"|"confidence"|"since_s"> & {probabilities: number[]|null}} HeldMood */
/** @typedef {{at_s: number, weight: number, probabilities: number[]}} Sample */

/** Readings exactly one window apart do not end the mood, however their times were rounded. */
const CLOCK_ERROR_S = 1e-6;

export class MoodSmoother {
  #constants;
  #smoothing;
  /** @type {Sample[]} */ #samples = [];
  /** @type {number|null} */ #last_at_s = null;
  /** @type {number|null} */ #last_face_at_s = null;
  /** @type {import("../types.js").EmotionName|null} */ #emotion = null;
  #confidence = 0;
  #began_at_s = 0;

  /** @param {import("../types.js").MoodConstants} constants */
  constructor(constants) {
    this.#constants = constants;
    this.#smoothing = constants.smoothing;
  }

  /** @param {number[]} probabilities of one face @param {number} score its, 0..1 @param {number} at_s @returns {HeldMood|null} */
  update(probabilities, score, at_s) {
    const now_s = this.#moveOn(at_s);
    this.#last_face_at_s = now_s;
    this.#samples.push({ at_s: now_s, weight: Math.max(score, 1e-6), probabilities });
    this.#forgetBefore(now_s - this.#smoothing.window_s);
    this.#decide(now_s);
    return this.mood(now_s);
  }

  /** No face was found: the last mood stays for `lost_after_s`. @param {number} at_s @returns {HeldMood|null} */
  updateWithoutFace(at_s) {
    const now_s = this.#moveOn(at_s);
    if (this.#last_face_at_s === null || now_s - this.#last_face_at_s >= this.#smoothing.lost_after_s) {
      this.forgetMood();
    }
    return this.mood(now_s);
  }

  /** The picture cannot be read: the mood holds, for as long as that lasts. @param {number} at_s @returns {HeldMood|null} */
  hold(at_s) {
    const now_s = this.#moveOn(at_s);
    if (this.#last_face_at_s !== null) {
      this.#last_face_at_s = now_s;
    }
    return this.mood(now_s);
  }

  /** The mood that holds at `at_s`, null while looking. @param {number} at_s @returns {HeldMood|null} */
  mood(at_s) {
    return this.#emotion && {
      emotion: this.#emotion,
      confidence: this.#confidence,
      since_s: Math.max(0, at_s - this.#began_at_s),
      probabilities: this.#samples.length ? this.#average(this.#smoothing.window_s) : null,
    };
  }

  /** What the face shows at the moment, null before the first face. @returns {number[]|null} */
  expression() {
    return this.#samples.length ? this.#average(this.#smoothing.expression_window_s) : null;
  }

  /** Starts anew. */
  forgetMood() {
    this.#samples = [];
    this.#emotion = null;
  }

  /** Continues a mood that held before a reconnection. @param {Mood} mood @param {number} at_s */
  resume(mood, at_s) {
    this.#emotion = mood.emotion;
    this.#confidence = mood.confidence;
    this.#began_at_s = at_s - mood.since_s;
    this.#last_at_s = this.#last_face_at_s = at_s;
    this.#samples = [];
  }

  /**
   * The time of the next reading, which never runs backwards. A gap longer than the window ends the mood: nobody was
   * seen in it, so it is no time of that mood.
   * @param {number} at_s
   */
  #moveOn(at_s) {
    const now_s = Math.max(at_s, this.#last_at_s ?? at_s);
    if (now_s - (this.#last_at_s ?? now_s) > this.#smoothing.window_s + CLOCK_ERROR_S) {
      this.forgetMood();
    }
    this.#last_at_s = now_s;
    return now_s;
  }

  /**
   * Keeps one sample at or before the window's start: the time that follows it is shared with the next.
   * @param {number} start_s
   */
  #forgetBefore(start_s) {
    while (this.#samples.length > 1 && this.#samples[1].at_s <= start_s) {
      this.#samples.shift();
    }
  }

  /** The trapezoidal rule in time, times each face's score. @param {number} window_s */
  #average(window_s) {
    const { longest_step_s } = this.#smoothing;
    const start_s = this.#samples[this.#samples.length - 1].at_s - window_s;
    const times_s = this.#samples.map(({ at_s }) => Math.max(at_s, start_s));
    // The least gap keeps the average defined for one sample, or for several at the same time.
    const gaps_s = times_s.slice(1).map((at_s, i) => Math.min(Math.max(at_s - times_s[i], 1e-6), longest_step_s));
    const weights = this.#samples.map(({ weight }, i) => (weight * ((gaps_s[i] ?? 1e-6) + (gaps_s[i - 1] ?? 1e-6))) / 2);
    const whole = weights.reduce((sum, weight) => sum + weight, 0);
    return this.#constants.emotions.map(
      (_, e) => this.#samples.reduce((sum, { probabilities }, i) => sum + probabilities[e] * weights[i], 0) / whole,
    );
  }

  /** @param {number} at_s */
  #decide(at_s) {
    const { enter, leave, margin, hold_s } = this.#smoothing;
    const average = this.#average(this.#smoothing.window_s);
    const best = average.indexOf(Math.max(...average));
    if (this.#emotion) {
      const held = average[this.#constants.emotions.indexOf(this.#emotion)];
      this.#confidence = held;
      if (at_s - this.#began_at_s < hold_s) {
        return;
      }
      if (average[best] < Math.max(enter, held + margin) && held >= leave) {
        return;
      }
    }
    const emotion = this.#constants.emotions[best];
    if (average[best] < enter) {
      this.#emotion = null;
    } else if (this.#emotion !== emotion) {
      this.#emotion = emotion;
      this.#confidence = average[best];
      this.#began_at_s = at_s;
    }
  }
}

/**
 * Whether the emotion that is named is sure, and the one that it could be as well. The same as guess_of in
 * feelharmonic/emotions.py.
 * @param {number[]|null} probabilities
 * @param {import("../types.js").EmotionName[]} emotions
 * @param {import("../types.js").GuessConstants} constants
 * @param {string} [emotion] the one that is named, by default the strongest
 * @returns {{sure: boolean|null, second: import("../types.js").EmotionName|null}}
 */
export function guessOf(probabilities, emotions, { min_sure, close }, emotion) {
  if (!probabilities) {
    return { sure: null, second: null };
  }
  const named = emotion === undefined ? probabilities.indexOf(Math.max(...probabilities)) : emotions.findIndex((name) => name === emotion);
  const others = probabilities.map((share, i) => (i === named ? -1 : share));
  const second = others.indexOf(Math.max(...others));
  const is_close = probabilities[named] - probabilities[second] < close;
  return { sure: probabilities[named] >= min_sure, second: is_close ? emotions[second] : null };
}
