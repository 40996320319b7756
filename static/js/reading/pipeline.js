/**
 * The stages in order, for one listener: a frame → what the server would have answered to it. The same as Pipeline in
 * feelharmonic/pipeline.py and reading_fields in feelharmonic/web/wire.py.
 */

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */

/** Probabilities and boxes are told with so many digits, as on the wire. */
const DIGITS = 4;

export class DeviceReading {
  #follower;
  #newKeeper;
  #own;
  #keeper;
  #shared;
  #cut;
  #read;
  #most_faces_read;

  /**
   * @param {Object} parts
   * @param {{see: (frame: Picture, at_s: number) => Promise<FoundFace[]>}} parts.follower
   * @param {() => import("./mood.js").MoodKeeper} parts.newKeeper
   * @param {typeof import("./group-expression.js").shared} parts.shared
   * @param {(frame: Picture, face: FoundFace) => Picture} parts.cut
   * @param {(crops: Float32Array, count: number) => Promise<Float32Array>} parts.read the network: (count, 1, 48, 48) -1..1 → (count, 7)
   * @param {number} parts.most_faces_read
   */
  constructor({ follower, newKeeper, shared, cut, read, most_faces_read }) {
    this.#follower = follower;
    this.#newKeeper = newKeeper;
    this.#own = this.#keeper = newKeeper();
    this.#shared = shared;
    this.#cut = cut;
    this.#read = read;
    this.#most_faces_read = most_faces_read;
  }

  /** @param {Picture} frame @param {number} at_s @returns {Promise<import("../types.js").FrameReply>} */
  async see(frame, at_s) {
    const faces = (await this.#follower.see(frame, at_s)).sort((one, other) => area(other) - area(one));
    const probabilities = await this.#expressions(frame, faces.slice(0, this.#most_faces_read));
    const group = this.#keeper === this.#own ? null : this.#shared(faces.map((face, i) => groupFace(face, probabilities[i] ?? null)));
    const mood = this.#held(faces, probabilities, group, at_s);
    const smoothed = faces.length ? this.#keeper.expression() : null;
    return {
      seq: null,
      faces: faces.map((face, i) => faceFields(face, probabilities[i] ?? null, frame)),
      probabilities: smoothed && smoothed.map((value) => rounded(value, DIGITS)),
      mood: mood && { ...mood, confidence: rounded(mood.confidence, DIGITS), since_s: rounded(mood.since_s, 2) },
      group: group && {
        probabilities: group.probabilities.map((value) => rounded(value, DIGITS)),
        shares: group.shares.map(({ id, share: part }) => ({ id, share: rounded(part, DIGITS) })),
      },
      problem: null,
      wait_ms: 0,
    };
  }

  /** @param {number[]|null} probabilities */
  setBaseline(probabilities) {
    this.#own.setBaseline(probabilities);
  }

  /** Reads everybody in view as one, or the largest face alone again; the mood starts anew. @param {boolean} on */
  readGroup(on) {
    if (on !== (this.#keeper !== this.#own)) {
      this.#own.forgetMood();
      this.#keeper = on ? this.#newKeeper() : this.#own;
    }
  }

  /**
   * @param {FoundFace[]} faces @param {number[][]} probabilities
   * @param {{probabilities: number[]}|null} group @param {number} at_s
   */
  #held(faces, probabilities, group, at_s) {
    if (group) {
      return this.#keeper.see(group.probabilities, 1, at_s);
    }
    return faces.length ? this.#keeper.see(probabilities[0], faces[0].score, at_s) : this.#keeper.seeNobody(at_s);
  }

  /**
   * All crops go through the network in one run.
   * @param {Picture} frame
   * @param {FoundFace[]} faces
   * @returns {Promise<number[][]>}
   */
  async #expressions(frame, faces) {
    if (!faces.length) {
      return [];
    }
    const crops = faces.map((face) => this.#cut(frame, face));
    const size = crops[0].data.length;
    const input = new Float32Array(crops.length * size);
    crops.forEach(({ data }, n) => data.forEach((level, i) => (input[n * size + i] = (level / 255 - 0.5) * 2)));
    const output = await this.#read(input, crops.length);
    const count = output.length / crops.length;
    return crops.map((_, n) => [...output.subarray(n * count, (n + 1) * count)]);
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

/** @param {FoundFace} face @param {number[]|null} probabilities @param {Picture} frame @returns {import("../types.js").Face} */
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
