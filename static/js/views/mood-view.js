/**
 * The mood in one word and how sure it is; a change is announced to screen readers. Knows no socket.
 */

export class MoodView {
  #word;
  #sure;
  #said;
  #labels;
  #t;
  /** @type {string|null} */ #spoken = null;

  /**
   * @param {{word: HTMLElement, sure: HTMLElement, said: HTMLElement}} parts `said` is read out when it changes
   * @param {import("../types.js").Emotion[]} emotions
   * @param {import("../types.js").Translate} t
   */
  constructor(parts, emotions, t) {
    this.#word = parts.word;
    this.#sure = parts.sure;
    this.#said = parts.said;
    this.#t = t;
    this.#labels = new Map(emotions.map((emotion) => [emotion.name, emotion.label]));
  }

  /**
   * @param {import("../types.js").Mood|null} mood null while looking
   * @param {string} [aside] said instead of how sure it is
   */
  update(mood, aside) {
    const word = mood ? String(this.#labels.get(mood.emotion)) : this.#t("mood.looking");
    set(this.#word, word);
    set(this.#sure, aside ?? (mood ? howSure(mood, this.#t) : this.#t("mood.unclear")));
    // Read out when it changes, not with every frame, nor when the same mood comes back.
    if (mood && mood.emotion !== this.#spoken) {
      this.#spoken = mood.emotion;
      set(this.#said, this.#t("mood.said", { mood: word }));
    }
  }
}

/** @param {import("../types.js").Mood} mood @param {import("../types.js").Translate} t */
export function howSure(mood, t) {
  const percent = Math.round(mood.confidence * 100);
  return mood.since_s >= 2
    ? t("mood.sureFor", { percent, time: duration(mood.since_s, t) })
    : t("mood.sure", { percent });
}

/** @param {number} seconds @param {import("../types.js").Translate} t */
export function duration(seconds, t) {
  const whole = Math.floor(seconds);
  return whole < 60
    ? t("mood.seconds", { seconds: whole })
    : t("mood.minutes", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}

/** Leaves equal texts alone: screen readers and the layout have less to do. @param {HTMLElement} element @param {string} text */
function set(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
