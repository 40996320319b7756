/**
 * Tracks as named points, valence across and energy up. One stop for the Tab key; arrows walk from nearest to farthest.
 */

export class MapView {
  #points;
  #t;
  #onChoose;
  /** @type {HTMLButtonElement[]} */ #buttons = [];

  /** @param {HTMLElement} element @param {import("../types.js").Translate} t @param {(index: number) => void} onChoose */
  constructor(element, t, onChoose) {
    this.#t = t;
    this.#onChoose = onChoose;
    for (const [place, key] of [["left", "path.dark"], ["right", "path.bright"], ["top", "path.lively"], ["bottom", "path.quiet"]]) {
      const edge = element.appendChild(document.createElement("span"));
      edge.className = `edge ${place}`;
      edge.setAttribute("aria-hidden", "true");
      edge.textContent = t(key);
    }
    this.#points = element.appendChild(document.createElement("div"));
    this.#points.className = "points";
    this.#points.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** @param {import("../types.js").PlacedTrack[]} tracks nearest first */
  update(tracks) {
    this.#buttons = tracks.map((track, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.tabIndex = i === 0 ? 0 : -1;
      button.dataset.moodOf = track.mood;
      button.title = this.#t("playlist.point", { artist: track.artist, title: track.title, mood: this.#t(`track.${track.mood}`) });
      button.setAttribute("aria-label", button.title);
      Object.assign(button.style, { left: `${track.valence * 100}%`, top: `${(1 - track.energy) * 100}%` });
      button.addEventListener("focus", () => this.#choose(i));
      button.addEventListener("click", () => button.focus());
      return button;
    });
    // The nearest are drawn last, over the others.
    this.#points.replaceChildren(...[...this.#buttons].reverse());
  }

  /** @param {number} index */
  #choose(index) {
    this.#buttons.forEach((button, i) => {
      button.tabIndex = i === index ? 0 : -1;
      button.toggleAttribute("aria-current", false);
    });
    this.#buttons[index].setAttribute("aria-current", "true");
    this.#onChoose(index);
  }

  /** @param {KeyboardEvent} event */
  #walk(event) {
    const now = this.#buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const last = this.#buttons.length - 1;
    const next = { ArrowRight: now + 1, ArrowDown: now + 1, ArrowLeft: now - 1, ArrowUp: now - 1, Home: 0, End: last }[event.key];
    if (next === undefined || now < 0) {
      return;
    }
    event.preventDefault();
    this.#buttons[Math.min(Math.max(next, 0), last)].focus();
  }
}
