/**
 * Tracks on the mood plane, drawn on a canvas: thousands of points stay smooth. Valence across, energy up. Pure but for the
 * canvas; a click or a drag is told by index.
 */

const MARGIN_PX = 26;
const DOT_PX = 2.5;
const CHOSEN_PX = 6;
/** A press this near to a point means it. */
const REACH_PX = 14;
/** A press that moves less is no drag. */
const DRAG_PX = 5;

/** @typedef {{valence: number, energy: number, placed: boolean}} Point */

export class Plane {
  #canvas;
  #actions;
  /** @type {Point[]} */ #points = [];
  /** Which points are shown strongly; null: all. @type {Set<number>|null} */ #strong = null;
  #chosen = -1;
  /** @type {{index: number, x: number, y: number, moved: boolean}|null} */ #drag = null;
  #waiting = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{choose: (index: number) => void, move: (index: number, valence: number, energy: number) => void, mayMove: () => boolean}} actions
   */
  constructor(canvas, actions) {
    this.#canvas = canvas;
    this.#actions = actions;
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#pull(event));
    canvas.addEventListener("pointerup", () => this.#release());
    canvas.addEventListener("pointercancel", () => (this.#drag = null));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** @param {Point[]} points @param {Set<number>|null} strong @param {number} chosen its index, or -1 */
  update(points, strong, chosen) {
    this.#points = points;
    this.#strong = strong;
    this.#chosen = chosen;
    this.draw();
  }

  /** With the next frame, however often it is asked. */
  draw() {
    this.#waiting ||= requestAnimationFrame(() => {
      this.#waiting = 0;
      this.#paint();
    });
  }

  #paint() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const scale = window.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    const context = this.#canvas.getContext("2d");
    if (!context) {
      return;
    }
    context.scale(scale, scale);
    context.fillStyle = getComputedStyle(this.#canvas).color;
    this.#points.forEach((point, index) => {
      const isStrong = this.#strong === null || this.#strong.has(index);
      context.globalAlpha = isStrong ? 0.75 : 0.12;
      const [x, y] = this.#placeOf(point, width, height);
      const size = point.placed ? DOT_PX + 1.5 : DOT_PX;
      context.fillRect(x - size, y - size, 2 * size, 2 * size);
    });
    const chosen = this.#points[this.#chosen];
    if (chosen) {
      context.globalAlpha = 1;
      context.lineWidth = 2.5;
      context.strokeStyle = context.fillStyle;
      context.beginPath();
      context.arc(...this.#placeOf(chosen, width, height), CHOSEN_PX, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** @param {Point} point @param {number} width @param {number} height @returns {[number, number]} */
  #placeOf({ valence, energy }, width, height) {
    return [MARGIN_PX + valence * (width - 2 * MARGIN_PX), MARGIN_PX + (1 - energy) * (height - 2 * MARGIN_PX)];
  }

  /** @param {PointerEvent} event */
  #press(event) {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const index = nearest(this.#points.map((point) => this.#placeOf(point, width, height)), event.offsetX, event.offsetY, this.#strong);
    if (index < 0) {
      return;
    }
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drag = { index, x: event.offsetX, y: event.offsetY, moved: false };
    this.#actions.choose(index);
  }

  /** @param {PointerEvent} event */
  #pull(event) {
    const drag = this.#drag;
    if (!drag || !this.#actions.mayMove()) {
      return;
    }
    drag.moved ||= Math.hypot(event.offsetX - drag.x, event.offsetY - drag.y) > DRAG_PX;
    if (drag.moved) {
      const { width, height } = this.#canvas.getBoundingClientRect();
      const share = (/** @type {number} */ at, /** @type {number} */ of) => Math.min(1, Math.max(0, (at - MARGIN_PX) / (of - 2 * MARGIN_PX)));
      Object.assign(this.#points[drag.index], { valence: share(event.offsetX, width), energy: 1 - share(event.offsetY, height) });
      this.#canvas.classList.add("moving");
      this.draw();
    }
  }

  #release() {
    const drag = this.#drag;
    this.#drag = null;
    this.#canvas.classList.remove("moving");
    if (drag?.moved) {
      const { valence, energy } = this.#points[drag.index];
      this.#actions.move(drag.index, valence, energy);
    }
  }
}

/**
 * The index of the place nearest to (x, y) within reach, of those that are strong; -1 where none is.
 * @param {[number, number][]} places @param {number} x @param {number} y @param {Set<number>|null} strong
 */
export function nearest(places, x, y, strong) {
  let best = -1;
  let away = REACH_PX;
  places.forEach(([px, py], index) => {
    const distance = Math.hypot(px - x, py - y);
    if (distance < away && (strong === null || strong.has(index))) {
      best = index;
      away = distance;
    }
  });
  return best;
}
