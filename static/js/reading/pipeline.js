/**
 * The stages in order, for one listener: a frame → the reply that the server would have sent. The same as
 * feelharmonic/reading/pipeline.py, and as the serializer of its readings.
 */

import { appearanceOf, relativeToRest, RestingFaces } from "./baseline.js";
import { cutCrop, sharpness } from "./crop.js";
import { FaceCover, LastReadings } from "./expression.js";
import { FaceTracker, listenerIndex } from "./face-tracker.js";
import { groupExpression } from "./group-expression.js";
import { guessOf, MoodSmoother } from "./mood.js";
import { PictureQuality } from "./picture-quality.js";

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */

/** Decimals of probabilities and boxes, as in the server's answers. */
const DIGITS = 4;

export class Pipeline {
  #tracker;
  #expressions;
  #last;
  #constants;
  #resting;
  #cover;
  /** @type {number[]|null} the listener's resting face, if they have shown it */ #baseline = null;
  #smoother;
  #quality;
  #reads_group = false;
  /** @type {number|null} the face that was the listener's in the frame before */ #listener_id = null;

  /**
   * @param {import("./face-tracker.js").Finder} finder
   * @param {import("./expression.js").ExpressionReader} expressions
   * @param {import("../types.js").ReadingConstants} constants
   */
  constructor(finder, expressions, constants) {
    this.#tracker = new FaceTracker(finder, constants.tracker);
    this.#expressions = expressions;
    this.#last = new LastReadings(constants.expression);
    this.#constants = constants;
    this.#cover = new FaceCover(constants.cover);
    this.#resting = new RestingFaces(constants.baseline);
    this.#smoother = new MoodSmoother(constants.mood);
    this.#quality = new PictureQuality(constants.quality);
  }

  /** @param {Picture} frame @param {number} at_s @returns {Promise<import("../types.js").FrameReply>} */
  async read(frame, at_s) {
    const faces = (await this.#tracker.track(frame, at_s)).sort((one, other) => area(other) - area(one));
    const crops = faces.slice(0, this.#constants.max_faces_read).map((face) => cutCrop(frame, face, this.#constants.crop));
    this.#listenerFirst(faces, crops);
    const hidden = crops.map((crop) => this.#cover.hidden(crop));
    const rows = await this.#last.read(this.#expressions, faces, crops);
    const probabilities = rows.map((row, i) => this.#cover.softened(row, hidden[i]));
    const picture_problem = this.#quality.problem(frame, faces, at_s);
    const shown = picture_problem ? [] : this.#relativeToRest(faces, crops, probabilities, at_s);
    const group = this.#reads_group && !picture_problem ? groupExpression(faces.map((face, i) => groupFace(face, shown[i] ?? null))) : null;
    const mood = picture_problem ? this.#smoother.hold(at_s) : this.#update(faces, shown, group, at_s);
    const smoothed = faces.length && !picture_problem ? this.#smoother.expression() : null;
    return {
      seq: null,
      faces: faces.map((face, i) => ({ ...faceFields(face, probabilities[i] ?? null, frame), ...this.#guess(probabilities[i] ?? null), hidden: hidden[i] ?? null })),
      probabilities: smoothed && smoothed.map((value) => rounded(value, DIGITS)),
      ...this.#valenceArousal(smoothed),
      mood: mood && {
        emotion: mood.emotion,
        confidence: rounded(mood.confidence, DIGITS),
        since_s: rounded(mood.since_s, 2),
        ...this.#valenceArousal(mood.probabilities),
        ...this.#guess(mood.probabilities, mood.emotion),
      },
      picture_problem,
      baseline: faces.length && !picture_problem ? this.#baselineState(faces[0]) : null,
      group: group && {
        probabilities: group.probabilities.map((value) => rounded(value, DIGITS)),
        shares: group.shares.map(({ id, share: part }) => ({ id, share: rounded(part, DIGITS) })),
      },
      problem: null,
      wait_ms: 0,
    };
  }

  /** @param {number[]|null} probabilities @param {string} [emotion] */
  #guess(probabilities, emotion) {
    return guessOf(probabilities, this.#constants.mood.emotions, this.#constants.guess, emotion);
  }

  /** Moves the listener's face to the front. @param {FoundFace[]} faces largest first @param {Picture[]} crops of those that are read */
  #listenerFirst(faces, crops) {
    const { crop, listener } = this.#constants;
    if (crops.length > 1) {
      const at = listenerIndex(faces.slice(0, crops.length), crops.map((one) => sharpness(one, crop)), this.#listener_id, listener);
      faces.unshift(...faces.splice(at, 1));
      crops.unshift(...crops.splice(at, 1));
    }
    this.#listener_id = faces[0]?.id ?? null;
  }

  /** @param {number[]|null} probabilities of the listener's resting face; null: it is estimated */
  setBaseline(probabilities) {
    this.#baseline = probabilities;
  }

  /** Reads everybody in view as one, or the largest face alone again; the mood starts anew. @param {boolean} on */
  readGroup(on) {
    if (on !== this.#reads_group) {
      this.#smoother.forgetMood();
      this.#reads_group = on;
    }
  }

  /**
   * What each face shows beyond its own resting face.
   * @param {FoundFace[]} faces @param {Picture[]} crops @param {number[][]} probabilities @param {number} at_s
   */
  #relativeToRest(faces, crops, probabilities, at_s) {
    const read = crops.map((crop, i) => ({ face: faces[i], probabilities: probabilities[i], appearance: appearanceOf(crop) }));
    const shown = this.#resting.update(faces, read, at_s);
    if (this.#baseline && !this.#reads_group && shown.length) {
      shown[0] = relativeToRest(probabilities[0], this.#baseline, this.#constants.baseline);
    }
    return shown;
  }

  /** @param {FoundFace} listener @returns {import("../types.js").BaselineState} */
  #baselineState({ id }) {
    if (this.#baseline && !this.#reads_group) {
      return "given";
    }
    return this.#resting.isLearned(id) ? "learned" : "learning";
  }

  /** @param {number[]|null} probabilities */
  #valenceArousal(probabilities) {
    const [valence, arousal] = [0, 1].map(
      (axis) => probabilities && rounded(probabilities.reduce((sum, share, i) => sum + share * this.#constants.mood.valence_arousal[i][axis], 0), DIGITS),
    );
    return { valence, arousal };
  }

  /**
   * @param {FoundFace[]} faces @param {number[][]} probabilities what they show
   * @param {{probabilities: number[]}|null} group @param {number} at_s
   */
  #update(faces, probabilities, group, at_s) {
    if (group) {
      return this.#smoother.update(group.probabilities, 1, at_s);
    }
    return faces.length ? this.#smoother.update(probabilities[0], faces[0].score, at_s) : this.#smoother.updateWithoutFace(at_s);
  }
}

/** @param {FoundFace} face @param {number[]|null} probabilities */
function groupFace({ id, box, score }, probabilities) {
  return { id, height: box[3], score, probabilities };
}

/** @param {FoundFace} face */
function area({ box }) {
  return box[2] * box[3];
}

/** @param {FoundFace} face @param {number[]|null} probabilities @param {Picture} frame @returns {Omit<import("../types.js").Face, "sure"|"second"|"hidden">} */
function faceFields({ id, box, score }, probabilities, frame) {
  const [x, y, width, height] = box;
  const [left, right] = [x, x + width].map((at) => share(at, frame.width));
  const [top, bottom] = [y, y + height].map((at) => share(at, frame.height));
  return {
    id,
    box: /** @type {[number, number, number, number]} */ ([left, top, right - left, bottom - top].map((value) => rounded(value, DIGITS))),
    score: rounded(score, DIGITS),
    probabilities: probabilities && probabilities.map((value) => rounded(value, DIGITS)),
  };
}

/** @param {number} at_px @param {number} of_px */
function share(at_px, of_px) {
  return Math.min(Math.max(at_px / of_px, 0), 1);
}

/** @param {number} value @param {number} digits */
function rounded(value, digits) {
  return Number(value.toFixed(digits));
}
