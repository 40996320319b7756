/**
 * Reading on the server: frames travel as JPEG over the live connection. No page texts.
 */

import { RATE_HZ } from "./camera.js";
import { Pacing } from "./pacing.js";

/** @typedef {import("../types.js").Reader} Reader */

/** @implements {Reader} */
export class ServerReader {
  onDevice = false;
  #camera;
  #connection;

  /** @param {import("./camera.js").Camera} camera @param {import("./connection.js").Connection} connection */
  constructor(camera, connection) {
    this.#camera = camera;
    this.#connection = connection;
  }

  get ready() {
    return this.#connection.connected;
  }

  async start() {
    return null;
  }

  stop() {}

  pacing() {
    return new Pacing(RATE_HZ);
  }

  /** @returns {Promise<ArrayBuffer|null>} a JPEG */
  capture() {
    return this.#camera.take();
  }

  /** @param {ArrayBuffer} jpeg @returns {Promise<import("../types.js").FrameReply>} */
  read(jpeg) {
    return this.#connection.frame(jpeg);
  }

  // Both settings last as long as the connection: they are sent again with the next one.

  /** @param {number[]|null} probabilities */
  async setBaseline(probabilities) {
    const reply = this.ready ? await this.#connection.baseline(probabilities) : null;
    return reply?.problem ?? null;
  }

  /** @param {boolean} on */
  async readGroup(on) {
    const reply = this.ready ? await this.#connection.group(on) : null;
    return reply?.problem ?? null;
  }
}
