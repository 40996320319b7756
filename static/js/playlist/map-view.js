/**
 * Tracks as named points, valence across and energy up. One stop for the Tab key; arrows walk from nearest to farthest.
 */

import { labelPlaces } from "./map-labels.js";

/** A map has no room for more names than these; a playlist may have 10,000 songs. */
const MAX_TRIED = 300;

export class MapView {
  #map;
  #points;
  #names;
  #t;
  #onChoose;
  /** @type {HTMLButtonElement[]} */ #buttons = [];
  /** @type {import("../types.js").PlacedTrack[]} */ #tracks = [];

  /** @param {HTMLElement} element @param {import("../types.js").Translate} t @param {(index: number) => void} onChoose */
  constructor(element, t, onChoose) {
    this.#map = element;
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
    this.#names = element.appendChild(document.createElement("div"));
    this.#names.setAttribute("aria-hidden", "true"); // each point has its name already
    new ResizeObserver(() => this.#label()).observe(element);
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
    this.#tracks = tracks;
    this.#label();
  }

  /** Shows the titles that have room, those of the nearest tracks first. */
  #label() {
    const names = this.#tracks.slice(0, MAX_TRIED).map(({ title }) => {
      const name = document.createElement("span");
      name.className = "name";
      name.textContent = title;
      return name;
    });
    this.#names.replaceChildren(...names);
    const map = this.#map.getBoundingClientRect();
    const points = this.#buttons.map((button, i) => {
      const { x, y, width, height } = inside(button.getBoundingClientRect(), map);
      return { x: x + width / 2, y: y + height / 2, width: names[i]?.offsetWidth ?? Infinity, height: names[i]?.offsetHeight ?? 0 };
    });
    const edges = [...this.#map.querySelectorAll(".edge")].map((edge) => inside(edge.getBoundingClientRect(), map));
    const places = labelPlaces(points, inside(map, map), edges);
    names.forEach((name, i) => {
      const place = places.get(i);
      if (place) {
        Object.assign(name.style, { left: `${place.left}px`, top: `${place.top}px` });
      } else {
        name.remove();
      }
    });
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

/** A box in the map's own coordinates. @param {DOMRect} box @param {DOMRect} map */
function inside(box, map) {
  return new DOMRect(box.x - map.x, box.y - map.y, box.width, box.height);
}
