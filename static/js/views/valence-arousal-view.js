/**
 * What the face shows now beside the mood: in a line, and as points.
 * A small plane, valence across and arousal up: a dot for the moment, a trail for the mood. Knows no socket.
 */

const SVG = "http://www.w3.org/2000/svg";
/** Valence and arousal at the plane's edges: people rate no face's emotion further out. */
export const EDGE = 0.6;
/** Points of the trail, one at most every STEP_MS: the last minute. */
const MAX_POINTS = 120;
const STEP_MS = 500;

/** @typedef {{valence: number|null, arousal: number|null}} Point */

export class ValenceArousalView {
  #figure;
  #t;
  #dot;
  #line;
  /** @type {string[]} */ #trail = [];
  #added_ms = -Infinity;

  /** @param {HTMLElement} figure @param {import("../types.js").Emotion[]} emotions @param {import("../types.js").Translate} t */
  constructor(figure, emotions, t) {
    this.#figure = figure;
    this.#t = t;
    for (const [place, key] of [["left", "plane.unpleasant"], ["right", "plane.pleasant"], ["top", "plane.excited"], ["bottom", "plane.calm"]]) {
      const edge = figure.appendChild(document.createElement("span"));
      edge.className = `edge ${place}`;
      edge.setAttribute("aria-hidden", "true");
      edge.textContent = t(key);
    }
    const svg = figure.appendChild(document.createElementNS(SVG, "svg"));
    svg.setAttribute("viewBox", "-1 -1 2 2");
    svg.setAttribute("aria-hidden", "true");
    for (const { colour, valence, arousal } of emotions) {
      const landmark = circle(svg, "landmark", 0.05);
      landmark.style.setProperty("--own", colour.glow);
      move(landmark, place(valence, arousal));
    }
    this.#line = svg.appendChild(document.createElementNS(SVG, "polyline"));
    this.#dot = circle(svg, "dot", 0.09);
  }

  /** @param {Point|null} moment what the face shows now @param {Point|null} mood @param {number} at_ms */
  update(moment, mood, at_ms) {
    const now = moment && place(moment.valence, moment.arousal);
    const last = mood && place(mood.valence, mood.arousal);
    if (last && at_ms - this.#added_ms >= STEP_MS) {
      this.#added_ms = at_ms;
      this.#trail = [...this.#trail, last.join(",")].slice(-MAX_POINTS);
      this.#line.setAttribute("points", this.#trail.join(" "));
      this.#figure.setAttribute("aria-label", this.#t("plane.said", { valence: signed(mood?.valence), arousal: signed(mood?.arousal) }));
    }
    this.#dot.toggleAttribute("hidden", !now);
    if (now) {
      move(this.#dot, now);
    }
    this.#figure.hidden = !now && !this.#trail.length;
  }

  clear() {
    this.#trail = [];
    this.#line.setAttribute("points", "");
    this.update(null, null, 0);
  }
}

/** Valence and arousal → x and y in -1..1, y down. @param {number|null} valence @param {number|null} arousal @returns {[number, number]|null} */
export function place(valence, arousal) {
  if (valence === null || arousal === null) {
    return null;
  }
  const inside = (/** @type {number} */ value) => Math.min(Math.max(value / EDGE, -1), 1);
  return [inside(valence), -inside(arousal)];
}

/** @param {SVGElement} svg @param {string} name @param {number} radius @returns {SVGCircleElement} */
function circle(svg, name, radius) {
  const made = /** @type {SVGCircleElement} */ (svg.appendChild(document.createElementNS(SVG, "circle")));
  made.setAttribute("class", name);
  made.setAttribute("r", String(radius));
  return made;
}

/** @param {SVGCircleElement} element @param {[number, number]|null} at */
function move(element, at) {
  if (at) {
    element.setAttribute("cx", at[0].toFixed(3));
    element.setAttribute("cy", at[1].toFixed(3));
  }
}

/** @param {number|null|undefined} value */
function signed(value) {
  return `${(value ?? 0) < 0 ? "−" : "+"}${Math.abs(value ?? 0).toFixed(2)}`;
}

/** What the face shows now in a line; "Turning happy" where that is not the mood, which follows it some seconds later. */
export class MomentView {
  #element;
  #emotions;
  #t;

  /**
   * @param {HTMLElement} element
   * @param {import("../types.js").Emotion[]} emotions
   * @param {import("../types.js").Translate} t
   */
  constructor(element, emotions, t) {
    this.#element = element;
    this.#emotions = emotions;
    this.#t = t;
  }

  /** @param {number[]|null} probabilities null hides the line @param {import("../types.js").Mood|null} mood */
  update(probabilities, mood) {
    const shown = probabilities && this.#emotions[probabilities.indexOf(Math.max(...probabilities))];
    this.#element.hidden = !shown;
    this.#element.textContent = shown ? moment(shown, mood, this.#t) : "";
  }
}

/**
 * @param {import("../types.js").Emotion} shown
 * @param {import("../types.js").Mood|null} mood
 * @param {import("../types.js").Translate} t
 */
function moment({ name, label }, mood, t) {
  return mood && mood.emotion !== name
    ? t("mood.turning", { emotion: label.toLowerCase() })
    : t("mood.now", { emotion: label });
}

/** @typedef {{sure?: boolean|null, second?: import("../types.js").EmotionName|null}} Guessed */

/**
 * How sure a mood is, in words: below half it is not sure; another emotion that is close is named.
 * @param {Guessed & {confidence: number, since_s: number}} mood
 * @param {import("../types.js").Emotion[]} emotions
 * @param {import("../types.js").Translate} t
 */
export function howSure(mood, emotions, t) {
  const percent = Math.round(mood.confidence * 100);
  if (mood.sure === false || mood.second) {
    return guessText(mood, percent, emotions, t);
  }
  return mood.since_s >= 2
    ? t("mood.sureFor", { percent, time: duration(mood.since_s, t) })
    : t("mood.sure", { percent });
}

/**
 * @param {Guessed} guess @param {number} percent
 * @param {import("../types.js").Emotion[]} emotions
 * @param {import("../types.js").Translate} t
 */
export function guessText({ sure, second }, percent, emotions, t) {
  const other = emotions.find(({ name }) => name === second)?.label.toLowerCase();
  if (sure === false) {
    return other ? t("mood.unsureOr", { percent, other }) : t("mood.unsure", { percent });
  }
  return other ? t("mood.sureOr", { percent, other }) : t("mood.sure", { percent });
}

/** @param {number} seconds @param {import("../types.js").Translate} t */
export function duration(seconds, t) {
  const whole = Math.floor(seconds);
  return whole < 60
    ? t("mood.seconds", { seconds: whole })
    : t("mood.minutes", { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}
