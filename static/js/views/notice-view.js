/**
 * What the page has to say, where it is about: beside the camera's picture, over the list, or in the sheet that is open. Several
 * causes may hold; the most urgent is shown, with one action where there is one, and can be closed.
 */

/** The most urgent first; what answers an act stays seconds alone, so it comes before what the picture lacks. */
const CAUSES = /** @type {const} */ (["page", "connection", "camera", "photo", "busy", "snap", "news", "face"]);

/** @typedef {typeof CAUSES[number]} Cause */
/** @typedef {{label: string, run: () => void}} Action */

export class NoticeView {
  #element;
  #placeOf;
  #text = Object.assign(document.createElement("p"), { className: "text" });
  #action = makeButton("quiet");
  #close = makeButton("close");
  /** @type {Map<Cause, {text: string, action: Action|null}>} */ #held = new Map();
  #closed = "";

  /**
   * @param {HTMLElement} element
   * @param {string} close what its button for closing is called
   * @param {(cause: Cause) => HTMLElement|null} [placeOf] where the element goes; null where it stays
   */
  constructor(element, close, placeOf = () => null) {
    this.#element = element;
    this.#placeOf = placeOf;
    this.#text.setAttribute("role", "status");
    this.#close.textContent = "×";
    this.#close.setAttribute("aria-label", close);
    this.#close.addEventListener("click", () => {
      this.#closed = this.#text.textContent ?? "";
      this.render();
    });
    this.#action.addEventListener("click", () => this.#shown()?.held.action?.run());
    element.replaceChildren(this.#text, this.#action, this.#close);
  }

  /**
   * @param {Cause} cause
   * @param {string} text empty when the cause is gone
   * @param {Action|null} [action] what the listener can do about it
   */
  update(cause, text, action = null) {
    if (text) {
      this.#held.set(cause, { text, action });
    } else {
      this.#held.delete(cause);
    }
    this.render();
  }

  /** @returns {{cause: Cause, held: {text: string, action: Action|null}}|null} */
  #shown() {
    for (const cause of CAUSES) {
      const held = this.#held.get(cause);
      if (held) {
        return { cause, held };
      }
    }
    return null;
  }

  /** Again, where what it is about may have moved. */
  render() {
    const shown = this.#shown();
    if (shown?.held.text !== this.#closed) {
      this.#closed = "";
    }
    const place = shown && this.#placeOf(shown.cause);
    if (place && this.#element.parentElement !== place) {
      place.append(this.#element);
    }
    const text = shown?.held.text ?? "";
    if (this.#text.textContent !== text) {
      this.#text.textContent = text;
    }
    this.#action.hidden = !shown?.held.action;
    this.#action.textContent = shown?.held.action?.label ?? "";
    this.#element.hidden = !shown || this.#closed === text;
  }
}

/** @param {string} className */
function makeButton(className) {
  return Object.assign(document.createElement("button"), { type: "button", className });
}
