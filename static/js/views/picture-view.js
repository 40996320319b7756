/**
 * The mirrored video, a box around each face, and the frozen moment. Knows no socket.
 */

export class PictureView {
  #element;
  #still;
  #boxes;

  /** @param {HTMLElement} element holds video, canvas and the layer of boxes; mirrored as a whole */
  constructor(element) {
    this.#element = element;
    this.#still = /** @type {HTMLCanvasElement} */ (element.querySelector("canvas"));
    this.#boxes = /** @type {HTMLElement} */ (element.querySelector(".boxes"));
  }

  /** @param {boolean} shown */
  show(shown) {
    this.#element.hidden = !shown;
  }

  /** The video's shape, so that boxes lie on it without bars at its sides. @param {HTMLVideoElement} video */
  fit(video) {
    if (video.videoWidth) {
      this.#element.style.aspectRatio = `${video.videoWidth} / ${video.videoHeight}`;
    }
  }

  /** @param {import("../types.js").Face[]} faces largest first */
  update(faces) {
    while (this.#boxes.children.length > faces.length) {
      this.#boxes.lastElementChild?.remove();
    }
    faces.forEach((face, i) => {
      const box = /** @type {HTMLElement|undefined} */ (this.#boxes.children[i]) ?? this.#boxes.appendChild(document.createElement("div"));
      box.className = i === 0 ? "box listener" : "box";
      const [x, y, width, height] = face.box.map((share) => `${share * 100}%`);
      Object.assign(box.style, { left: x, top: y, width, height });
    });
  }

  /** Keeps the picture that `draw` puts on the canvas. @param {(canvas: HTMLCanvasElement) => void} draw */
  freeze(draw) {
    draw(this.#still);
    this.#still.hidden = false;
  }

  /** A shutter's flash over the picture; the stylesheet leaves it out where motion is unwanted. */
  flash() {
    this.#element.classList.remove("flash");
    void this.#element.offsetWidth; // a second snap flashes again
    this.#element.classList.add("flash");
  }

  thaw() {
    this.#still.hidden = true;
    // Frees the frozen picture's memory.
    this.#still.width = this.#still.height = 0;
    this.update([]);
  }
}
