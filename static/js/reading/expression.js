/**
 * Crops → probabilities of the seven emotions, less sure where half of the face is hidden. The same as
 * feelharmonic/reading/expression.py and faces/face_cover.py.
 */

/**
 * The network: (count, 1, side, side) -1..1 → (count, 7).
 * @typedef {(crops: Float32Array, count: number) => Promise<Float32Array>} ExpressionNetwork
 */
/** @typedef {import("../types.js").Picture} Picture */
/** @typedef {import("../types.js").FoundFace} FoundFace */
/** @typedef {import("../types.js").ExpressionConstants} ExpressionConstants */

export class ExpressionReader {
  #network;

  /** @param {ExpressionNetwork} network */
  constructor(network) {
    this.#network = network;
  }

  /**
   * All crops in one run of the network.
   * @param {import("../types.js").Picture[]} crops grey, all of one size
   * @returns {Promise<number[][]>} seven probabilities for each
   */
  async readCrops(crops) {
    if (!crops.length) {
      return [];
    }
    const size = crops[0].data.length;
    const input = new Float32Array(crops.length * size);
    crops.forEach(({ data }, n) => data.forEach((level, i) => (input[n * size + i] = (level / 255 - 0.5) * 2)));
    const output = await this.#network(input, crops.length);
    const count = output.length / crops.length;
    return crops.map((_, n) => [...output.subarray(n * count, (n + 1) * count)]);
  }
}

/** @typedef {import("../types.js").CoverConstants} CoverConstants */

/** A network of one hidden layer: is the upper or the lower half of a face hidden? */
export class FaceCover {
  #constants;
  #w1;

  /** @param {CoverConstants} constants */
  constructor(constants) {
    this.#constants = constants;
    const bytes = Uint8Array.from(atob(constants.w1), (letter) => letter.charCodeAt(0));
    this.#w1 = Float32Array.from(new Int8Array(bytes.buffer), (weight) => weight * constants.scale[0]);
  }

  /** @param {import("../types.js").Picture} crop grey @returns {"upper"|"lower"|null} the half that is hidden */
  hidden(crop) {
    const { b1, w2, b2, halves, min_hidden } = this.#constants;
    const input = this.#prepared(crop);
    const inner = b1.map((bias, unit) => Math.max(0, input.reduce((sum, value, i) => sum + value * this.#w1[i * b1.length + unit], bias)));
    const raised = b2.map((bias, kind) => Math.exp(inner.reduce((sum, value, unit) => sum + value * w2[unit][kind], bias)));
    const total = raised.reduce((sum, value) => sum + value, 0);
    const shares = raised.slice(1).map((value) => value / total);
    const most = shares.indexOf(Math.max(...shares));
    return shares[most] >= min_hidden ? halves[most] : null;
  }

  /** @param {number[]} probabilities @param {"upper"|"lower"|null} half @returns {number[]} less sure where a half is hidden */
  softened(probabilities, half) {
    if (!half) {
      return probabilities;
    }
    const power = 1 / this.#constants.temperatures[this.#constants.halves.indexOf(half)];
    const raised = probabilities.map((share) => Math.max(share, 1e-6) ** power);
    const total = raised.reduce((sum, share) => sum + share, 0);
    return raised.map((share) => share / total);
  }

  /** At half the size, without brightness and contrast. @param {import("../types.js").Picture} crop */
  #prepared({ data, width }) {
    const side = width / 2;
    const small = Array.from({ length: side * side }, (_, i) => {
      const at = 2 * Math.floor(i / side) * width + 2 * (i % side);
      return (data[at] + data[at + 1] + data[at + width] + data[at + width + 1]) / 4;
    });
    const mean = small.reduce((sum, level) => sum + level, 0) / small.length;
    const deviation = Math.sqrt(small.reduce((sum, level) => sum + (level - mean) ** 2, 0) / small.length);
    return small.map((level) => (level - mean) / Math.max(deviation, this.#constants.min_deviation));
  }
}

/**
 * One listener's: of each face the crop that the network read last, and what it showed. A crop is compared with the one
 * that was read, not with the frame before: so slow changes add up until they count.
 */
export class LastReadings {
  #constants;
  /** @type {Map<number|null, {crop: Picture, probabilities: number[]}>} */ #read = new Map();

  /** @param {ExpressionConstants} constants */
  constructor(constants) {
    this.#constants = constants;
  }

  /**
   * @param {ExpressionReader} reader reads those of `crops` that have changed
   * @param {FoundFace[]} faces the crops', in their order
   * @param {Picture[]} crops
   * @returns {Promise<number[][]>} what each shows
   */
  async read(reader, faces, crops) {
    const last = crops.map((crop, i) => {
      const known = this.#read.get(faces[i].id);
      return known && !hasChanged(crop, known.crop, known.probabilities, this.#constants) ? known : null;
    });
    const rows = await reader.readCrops(crops.filter((_, i) => !last[i]));
    const now = crops.map((crop, i) => last[i] ?? { crop, probabilities: /** @type {number[]} */ (rows.shift()) });
    this.#read = new Map(now.map((one, i) => [faces[i].id, one]));
    return now.map(({ probabilities }) => probabilities);
  }
}

/**
 * Whether `crop` may show something else than the crop that showed `probabilities`.
 * @param {Picture} crop @param {Picture} before @param {number[]} probabilities @param {ExpressionConstants} constants
 */
export function hasChanged(crop, before, probabilities, { unchanged_levels, same_levels, sure_probability }) {
  const sum = crop.data.reduce((total, level, i) => total + Math.abs(level - before.data[i]), 0);
  return sum / crop.data.length > (Math.max(...probabilities) >= sure_probability ? unchanged_levels : same_levels);
}
