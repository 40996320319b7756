/**
 * The queue on the plane of brightness (valence) and liveliness (energy): the track of the moment beside its target, and what
 * is still to come.
 */

import { feel } from "../music/track-reason.js";

/** @typedef {import("./queue.js").QueueEntry} QueueEntry */
/** @typedef {import("../types.js").MusicPoint} MusicPoint */

export class QueueMap {
  element = document.createElement("figure");
  #t;
  #points = document.createElement("div");

  /** @param {import("../types.js").Translate} t */
  constructor(t) {
    this.#t = t;
    this.element.className = "path player-map";
    this.element.setAttribute("role", "img");
    this.element.hidden = true;
    for (const [side, key] of [["left", "path.dark"], ["right", "path.bright"], ["top", "path.lively"], ["bottom", "path.quiet"]]) {
      this.element.append(Object.assign(document.createElement("span"), { className: `edge ${side}`, textContent: t(key) }));
    }
    this.#points.className = "steps";
    this.element.append(this.#points);
  }

  /** @param {QueueEntry[]} entries @param {number} index of the current one */
  update(entries, index) {
    const current = entries[index];
    const place = current?.place ?? null;
    const aim = current?.aim ?? null;
    this.element.hidden = !place;
    if (!place) {
      return;
    }
    const coming = entries.slice(index + 1).flatMap(({ place: at }) => (at ? [point("coming", at)] : []));
    this.#points.replaceChildren(...coming, ...(aim ? [point("aim", aim)] : []), point("playing", place));
    const { title } = current.track;
    this.element.setAttribute("aria-label", aim
      ? this.#t("player.map", { title, feel: feel(place, this.#t), aim: feel(aim, this.#t) })
      : this.#t("player.mapPlace", { title, feel: feel(place, this.#t) }));
  }
}

/** @param {string} className @param {MusicPoint} at */
function point(className, { valence, energy }) {
  const made = Object.assign(document.createElement("span"), { className });
  Object.assign(made.style, { left: `${valence * 100}%`, bottom: `${energy * 100}%` });
  return made;
}
