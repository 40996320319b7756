/**
 * The one place where the page says that something is wrong. Several causes may hold; the most urgent is shown.
 */

/** The most urgent first. */
const CAUSES = /** @type {const} */ (["page", "connection", "camera", "photo", "busy", "snap", "face", "news"]);

/** @typedef {typeof CAUSES[number]} Cause */

export class NoticeView {
  #element;
  /** @type {Map<Cause, string>} */ #texts = new Map();

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /**
   * @param {Cause} cause
   * @param {string} text empty when the cause is gone
   */
  update(cause, text) {
    if (text) {
      this.#texts.set(cause, text);
    } else {
      this.#texts.delete(cause);
    }
    const shown = CAUSES.map((name) => this.#texts.get(name)).find(Boolean) ?? "";
    if (this.#element.textContent !== shown) {
      this.#element.textContent = shown;
    }
    this.#element.hidden = !shown;
  }
}
