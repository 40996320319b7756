/**
 * The mood in one word and how sure it is; a change is announced to screen readers. Knows no socket.
 */

import { applyConfidence } from "./colour.js";

export class MoodView {
  #word;
  #sure;
  #said;
  #labels;
  #t;
  /** @type {string|null} */ #spoken = null;
  /** Replaced once that text is loaded. @type {(mood: import("../types.js").Mood) => string} */ howSure = () => "";

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
    this.#show(word, mood?.confidence ?? 0);
    set(this.#sure, aside ?? (mood ? this.howSure(mood) : this.#t("mood.unclear")));
    // Read out when it changes, not with every frame, nor when the same mood comes back.
    if (mood && mood.emotion !== this.#spoken) {
      this.#spoken = mood.emotion;
      set(this.#said, this.#t("mood.said", { mood: word }));
    }
  }

  /** A word that changes fades in; its size and the colour around it follow how sure it is. @param {string} word @param {number} sure 0..1 */
  #show(word, sure) {
    if (this.#word.textContent !== word) {
      this.#word.textContent = word;
      this.#word.classList.remove("changed");
      void this.#word.offsetWidth; // restarts the animation
      this.#word.classList.add("changed");
    }
    applyConfidence(sure);
  }
}

/** Leaves equal texts alone: screen readers and the layout have less to do. @param {HTMLElement} element @param {string} text */
function set(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
