/**
 * The mood in one word, how sure it is, and a polite word to screen readers when it changes. Knows no socket.
 */

export class MoodView {
  #word;
  #sure;
  #said;
  #labels;
  #shown = "";

  /**
   * @param {HTMLElement} element
   * @param {import("./types.js").Emotion[]} emotions
   */
  constructor(element, emotions) {
    this.#word = element.querySelector("#mood-word");
    this.#sure = element.querySelector("#mood-sure");
    this.#said = element.querySelector("#mood-said");
    this.#labels = new Map(emotions.map((emotion) => [emotion.name, emotion.label]));
  }

  /**
   * @param {import("./types.js").Mood|null} mood
   * @param {string} [aside] said instead of how sure it is
   */
  update(mood, aside) {
    const word = mood ? this.#labels.get(mood.emotion) : "Looking…";
    set(this.#word, word);
    set(this.#sure, aside ?? (mood ? howSure(mood) : "Nothing clear yet."));
    if (mood && word !== this.#shown) {
      set(this.#said, `Mood: ${word}`);
    }
    this.#shown = word;
  }
}

/** @param {import("./types.js").Mood} mood */
export function howSure(mood) {
  const percent = Math.round(mood.confidence * 100);
  return mood.since_s >= 2 ? `${percent} % sure, for ${duration(mood.since_s)}` : `${percent} % sure`;
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.floor(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Leaves equal texts alone: screen readers and the layout have less to do. */
function set(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
