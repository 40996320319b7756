/**
 * Crops → probabilities of the seven emotions. The same as feelharmonic/reading/expression.py.
 */

/**
 * The network: (count, 1, side, side) -1..1 → (count, 7).
 * @typedef {(crops: Float32Array, count: number) => Promise<Float32Array>} ExpressionNetwork
 */

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
