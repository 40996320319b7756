/**
 * A photograph with a button on each face. Knows no server.
 */

export class FacesView {
  #element;
  #image;
  #faces;
  #t;
  #onPick;
  #shown = "";

  /**
   * @param {HTMLElement} element holds an image and a layer for the faces
   * @param {import("../types.js").Translate} t
   * @param {(index: number) => void} onPick
   */
  constructor(element, t, onPick) {
    this.#element = element;
    this.#image = /** @type {HTMLImageElement} */ (element.querySelector("img"));
    this.#faces = /** @type {HTMLElement} */ (element.querySelector(".faces"));
    this.#t = t;
    this.#onPick = onPick;
  }

  /** @param {Blob} picture @returns {Promise<void>} settled once it is seen */
  async show(picture) {
    this.clear();
    this.#shown = URL.createObjectURL(picture);
    this.#image.src = this.#shown;
    await this.#image.decode();
    this.#element.hidden = false;
  }

  /** @param {import("../types.js").Face[]} faces @param {string[]} labels what each shows */
  update(faces, labels) {
    this.#faces.replaceChildren(
      ...faces.map((face, i) => {
        const button = document.createElement("button");
        button.type = "button";
        if (faces.length > 1) {
          const number = button.appendChild(document.createElement("span"));
          number.className = "number";
          number.textContent = String(i + 1);
        }
        button.setAttribute("aria-label", this.#t("photo.face", { number: i + 1, count: faces.length, mood: labels[i] }));
        const [left, top, width, height] = face.box.map((share) => `${share * 100}%`);
        Object.assign(button.style, { left, top, width, height });
        button.addEventListener("click", () => this.#onPick(i));
        return button;
      }),
    );
  }

  /** @param {number} index the face that the page talks about */
  mark(index) {
    [...this.#faces.children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
  }

  /** The picture leaves memory too. */
  clear() {
    URL.revokeObjectURL(this.#shown);
    this.#image.removeAttribute("src");
    this.#faces.replaceChildren();
    this.#element.hidden = true;
  }
}
