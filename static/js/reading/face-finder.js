/**
 * A frame → the faces in it: a network around the frame, then another around each candidate. The same as FaceFinder in
 * feelharmonic/face.py. The networks and the other steps are passed in.
 */

/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */
/**
 * A network: (1, 3, height, width) BGR 0..1 → its maps.
 * @typedef {(input: Float32Array, width: number, height: number) => Promise<{data: Float32Array, rows: number, columns: number}>} Look
 */
/** @typedef {{left: number, top: number, scale_x: number, scale_y: number}} View network = frame × scale + (left, top) */

export class FaceFinder {
  #firstLook;
  #secondLook;
  #constants;
  #pixels;
  #maps;

  /**
   * @param {Look} firstLook at a whole frame
   * @param {Look} secondLook at a window around a face
   * @param {import("../types.js").FinderConstants} constants
   * @param {typeof import("./frame.js")} pixels
   * @param {typeof import("./boxes.js")} maps
   */
  constructor(firstLook, secondLook, constants, pixels, maps) {
    this.#firstLook = firstLook;
    this.#secondLook = secondLook;
    this.#constants = constants;
    this.#pixels = pixels;
    this.#maps = maps;
  }

  /**
   * @param {Picture} frame BGR
   * @param {FoundFace[]} [known] the faces of the frame before: one look at such a one is enough
   * @returns {Promise<FoundFace[]>} best score first
   */
  async find(frame, known = []) {
    const candidates = await this.#candidates(frame);
    const seen = [];
    for (const candidate of candidates.slice(0, this.#constants.most_confirmed)) {
      const face = (await this.#again(frame, candidate, known)) ?? (await this.#lookedAt(frame, candidate));
      if (face) {
        seen.push(face);
      }
    }
    return this.#maps.distinct(seen, this.#constants.same_face_iou);
  }

  /**
   * @param {Picture} frame
   * @param {number[]} box
   * @returns {Promise<FoundFace|null>} the face at about `box`, null where it is gone
   */
  findNear(frame, box) {
    return this.#near(this.#windowAround(frame, box), box, this.#constants.least_score_followed);
  }

  /**
   * @param {{window: Picture, view: View}} where @param {number[]} box @param {number} least_score
   * @param {boolean} [mirrored] whether the window is looked at left for right; the box that comes back is not
   * @returns {Promise<FoundFace|null>}
   */
  async #near({ window, view }, box, least_score, mirrored = false) {
    const { least_overlap } = this.#constants;
    const seen = await this.#read(this.#secondLook, mirrored ? mirror(window) : window, least_score);
    const faces = seen.map((face) => inFrame(mirrored ? unmirrored(face, window.width) : face, view));
    const worth = (/** @type {FoundFace} */ face) => this.#maps.overlap(face.box, box) * face.score;
    const near = faces.filter((face) => this.#maps.overlap(face.box, box) > least_overlap);
    return near.reduce((best, face) => (best === null || worth(face) > worth(best) ? face : best), /** @type {FoundFace|null} */ (null));
  }

  /** @param {Picture} frame */
  async #candidates(frame) {
    const { full_size, least_score_candidate } = this.#constants;
    const scale = Math.min(full_size[0] / frame.width, full_size[1] / frame.height);
    const [width, height] = [frame.width, frame.height].map((length) => Math.max(1, nearest(length * scale)));
    const fitted = scale < 1 ? this.#pixels.shrunk(frame, width, height) : this.#pixels.enlarged(frame, width, height);
    const [left, top] = [Math.floor((full_size[0] - width) / 2), Math.floor((full_size[1] - height) / 2)];
    const canvas = this.#pixels.black(full_size[0], full_size[1], 3);
    this.#pixels.put(canvas, fitted, left, top);
    const view = { left, top, scale_x: width / frame.width, scale_y: height / frame.height };
    const seen = await this.#read(this.#firstLook, canvas, least_score_candidate);
    return seen.map((face) => inFrame(face, view));
  }

  /**
   * `face` as its window shows it, its score made of both looks; null where that is no face; a sure face as it is.
   * @param {Picture} frame
   * @param {FoundFace} face
   */
  async #lookedAt(frame, face) {
    if (face.score >= this.#constants.least_score_sure) {
      return face;
    }
    const { least_score, least_score_glimpsed, most_score_mirrored } = this.#constants;
    const where = this.#windowAround(frame, face.box);
    const near = await this.#near(where, face.box, least_score_glimpsed);
    if (!near || allLooks(face.score, near.score, most_score_mirrored, this.#constants) < least_score) {
      return null;
    }
    const mirrored = await this.#near(where, face.box, least_score_glimpsed, true);
    const score = mirrored ? allLooks(face.score, near.score, mirrored.score, this.#constants) : 0;
    return score >= least_score ? { ...near, score } : null;
  }

  /**
   * `face` as the window shows it in which it is followed; null where it is none of `known`, or no face.
   * @param {Picture} frame
   * @param {FoundFace} face
   * @param {FoundFace[]} known
   * @returns {Promise<FoundFace|null>}
   */
  async #again(frame, face, known) {
    const { least_overlap, same_face_iou, least_score, least_score_sure } = this.#constants;
    const shares = known.map((old) => this.#maps.overlap(old.box, face.box));
    const best = shares.indexOf(Math.max(...shares));
    if (best < 0 || shares[best] < least_overlap) {
      return null;
    }
    const near = await this.findNear(frame, known[best].box);
    if (!near || this.#maps.overlap(near.box, face.box) < same_face_iou) {
      return null;
    }
    const score = face.score >= least_score_sure ? face.score : allLooks(face.score, near.score, near.score, this.#constants);
    return score >= least_score ? { ...near, score } : null;
  }

  /**
   * The window in which the face at `box` is looked at, and where it lies.
   * @param {Picture} frame
   * @param {number[]} box
   * @returns {{window: Picture, view: View}}
   */
  #windowAround(frame, [x, y, width, height]) {
    const { window_size, window_share } = this.#constants;
    const side = Math.max(width, height) / window_share;
    const scale = window_size[0] / side;
    const [left, top] = [x + width / 2 - side / 2, y + height / 2 - side / 2];
    const view = { left: -left * scale, top: -top * scale, scale_x: scale, scale_y: scale };
    return { window: this.#window(frame, left, top, scale), view };
  }

  /**
   * The frame from (left, top), scaled; black beyond it.
   * @param {Picture} frame
   * @param {number} left
   * @param {number} top
   * @param {number} scale
   */
  #window(frame, left, top, scale) {
    const [width, height] = this.#constants.window_size;
    const [x1, y1] = [left, top].map((at) => Math.max(0, Math.floor(at)));
    const x2 = Math.min(frame.width, Math.ceil(left + width / scale));
    const y2 = Math.min(frame.height, Math.ceil(top + height / scale));
    if (x2 - x1 < 2 || y2 - y1 < 2) {
      return this.#pixels.black(width, height, 3);
    }
    let piece = this.#pixels.part(frame, x1, y1, x2, y2);
    let shrink = 1;
    if (scale < 0.5) {
      shrink = scale;
      const small = [piece.width * shrink, piece.height * shrink].map(nearest);
      piece = this.#pixels.shrunk(piece, small[0], small[1], 1 / shrink, 1 / shrink);
    }
    const move = [scale / shrink, 0, (x1 - left) * scale, 0, scale / shrink, (y1 - top) * scale];
    return this.#pixels.warped(piece, move, width, height, "black", this.#constants.sampling_steps);
  }

  /** @param {Look} look @param {Picture} picture @param {number} least_score @returns {Promise<FoundFace[]>} in the picture's own pixels */
  async #read(look, picture, least_score) {
    const maps = await look(planes(picture), picture.width, picture.height);
    return this.#maps.decodeMaps(maps, least_score, this.#constants);
  }
}

/**
 * One score out of three looks: the weighted mean of their logits.
 * @param {number} first @param {number} second @param {number} mirrored
 * @param {import("../types.js").FinderConstants} constants
 */
function allLooks(first, second, mirrored, { first_look_weight: weight, most_score }) {
  const logit = (/** @type {number} */ score) => Math.log(Math.min(score, most_score) / (1 - Math.min(score, most_score)));
  return 1 / (1 + Math.exp(-(weight * logit(first) + ((1 - weight) / 2) * (logit(second) + logit(mirrored)))));
}

/** @param {Picture} picture @returns {Picture} left and right exchanged */
function mirror({ data, width, height, channels }) {
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const from = (y * width + x) * channels;
      turned.set(data.subarray(from, from + channels), (y * width + width - 1 - x) * channels);
    }
  }
  return { data: turned, width, height, channels };
}

/** @param {FoundFace} face @param {number} width @returns {FoundFace} only its box and score are meant to be used */
function unmirrored(face, width) {
  const [x, y, face_width, height] = face.box;
  return { ...face, box: [width - x - face_width, y, face_width, height] };
}

/** @param {Picture} picture @returns {Float32Array} (3, height, width) 0..1 */
function planes({ data, width, height }) {
  const count = width * height;
  const result = new Float32Array(3 * count);
  for (let i = 0; i < count; i += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      result[channel * count + i] = data[3 * i + channel] / 255;
    }
  }
  return result;
}

/** @param {FoundFace} face @param {View} view @returns {FoundFace} */
function inFrame(face, { left, top, scale_x, scale_y }) {
  const [x, y, width, height] = face.box;
  return {
    ...face,
    box: [(x - left) / scale_x, (y - top) / scale_y, width / scale_x, height / scale_y],
    landmarks: face.landmarks && face.landmarks.map(([point_x, point_y]) => [(point_x - left) / scale_x, (point_y - top) / scale_y]),
  };
}

/** The nearest whole number, the even one of two. @param {number} value */
function nearest(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}
