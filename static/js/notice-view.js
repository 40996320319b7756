/**
 * The one place where the page says that something is wrong. Several causes may hold; the most pressing shows.
 */

/** The most pressing first. */
const CAUSES = ["wire", "camera", "busy", "snap", "face"];

export class NoticeView {
  #element;
  /** @type {Map<string, string>} */ #texts = new Map();

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /**
   * @param {"wire"|"camera"|"busy"|"snap"|"face"} cause
   * @param {string} text empty when the cause is gone
   */
  update(cause, text) {
    if (text) {
      this.#texts.set(cause, text);
    } else {
      this.#texts.delete(cause);
    }
    const shown = this.#texts.get(CAUSES.find((name) => this.#texts.has(name))) ?? "";
    if (this.#element.textContent !== shown) {
      this.#element.textContent = shown;
    }
    this.#element.hidden = !shown;
  }
}
