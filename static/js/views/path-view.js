/**
 * A journey drawn as a path: from the mood to the goal over brightness (valence) and liveliness (energy). Knows no socket.
 */

const SVG = "http://www.w3.org/2000/svg";

export class PathView {
  #element;
  #t;

  /** @param {HTMLElement} element @param {import("../types.js").Translate} t */
  constructor(element, t) {
    this.#element = element;
    this.#t = t;
  }

  /** @param {import("../types.js").PathPoint[]} path an empty one is no journey @param {string} mood @param {string} goal */
  update(path, mood, goal) {
    this.#element.hidden = path.length < 2;
    if (this.#element.hidden) {
      return;
    }
    const aims = path.map(({ aim }) => aim);
    const steps = document.createElement("div");
    steps.className = "steps";
    steps.append(...path.map(({ aim, track }, i) => dot(track ?? aim, i + 1)));
    this.#element.replaceChildren(way(aims), ...this.#edges(), steps);
    const [first, last] = [aims[0], aims[aims.length - 1]];
    const summary = { mood, goal, steps: path.length, from: whole(first.valence), to: whole(last.valence) };
    this.#element.setAttribute(
      "aria-label",
      this.#t("path.summary", { ...summary, low: whole(first.energy), high: whole(last.energy) }),
    );
  }

  /** The four ends of the two axes, in words. */
  #edges() {
    const words = { left: "path.dark", right: "path.bright", top: "path.lively", bottom: "path.quiet" };
    return Object.entries(words).map(([side, key]) => {
      const word = document.createElement("span");
      word.className = `edge ${side}`;
      word.textContent = this.#t(key);
      return word;
    });
  }
}

/** @param {import("../types.js").MusicPoint[]} aims @returns {SVGElement} stretched over the whole figure */
function way(aims) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const line = svg.appendChild(document.createElementNS(SVG, "polyline"));
  line.setAttribute("points", aims.map(({ valence, energy }) => `${valence * 100},${100 - energy * 100}`).join(" "));
  return svg;
}

/** @param {import("../types.js").MusicPoint} point @param {number} number of the track */
function dot(point, number) {
  const element = document.createElement("span");
  element.className = "step";
  element.textContent = String(number);
  element.style.left = `${point.valence * 100}%`;
  element.style.bottom = `${point.energy * 100}%`;
  return element;
}

/** @param {number} share 0..1 */
function whole(share) {
  return Math.round(share * 100);
}
