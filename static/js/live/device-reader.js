/**
 * Reading on this device: the page's side of device-worker.js. Frames go to the worker and nowhere else. No page texts.
 */

import { Pacing } from "./pacing.js";

/** Most pictures a second; timers come late, so that about 20 are read. */
export const DEVICE_RATE_HZ = 22;
/** Reading takes one core of several: the next picture may follow sooner than with a shared server. */
const REPLY_SHARE = 1.25;

/** @typedef {import("../types.js").SelfTest} SelfTest */

/** @param {string} hostname @returns {boolean} whether the page is served by the machine that it is open on */
const isLoopback = (hostname) => hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");

/**
 * Whether this device reads until the listener chooses: pictures are sent to another machine only by choice.
 * @param {"offer"|"default"|"never"} on_device what the server allows @param {string} hostname of the page
 * @returns {boolean}
 */
export function readsByDefault(on_device, hostname) {
  return on_device === "default" || (on_device === "offer" && !isLoopback(hostname));
}

/** The request was cancelled because the reader was stopped. */
export class Stopped extends Error {}

/** @typedef {import("../types.js").Reader} Reader */

/** @implements {Reader} */
export class DeviceReader {
  onDevice = true;
  #camera;
  /** @type {Worker|null} */ #worker = null;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (fault: Error) => void}>} */ #jobs = new Map();
  #job = 0;
  #onProgress;
  /** @type {Promise<SelfTest>|null} */ #started = null;
  /** Whether frames are answered. */
  ready = false;

  /**
   * @param {{pixels: () => Promise<ImageData|null>}} camera
   * @param {(share: number) => void} onProgress how much of runtime and networks has arrived, 0..1
   */
  constructor(camera, onProgress) {
    this.#camera = camera;
    this.#onProgress = onProgress;
  }

  /**
   * Loads runtime and networks, and measures how fast they are here; once, until it is stopped or fails.
   * @returns {Promise<SelfTest>} rejects where they cannot be loaded
   */
  start() {
    this.#started ??= this.#load();
    return this.#started;
  }

  async #load() {
    const worker = new Worker(new URL("./device-worker.js", import.meta.url), { type: "module" });
    this.#worker = worker;
    worker.addEventListener("message", ({ data }) => worker === this.#worker && this.#answer(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      if (worker === this.#worker) {
        this.#fail(new Error(event.message || "The worker could not be started."));
        this.stop();
      }
    });
    try {
      const test = await this.#ask("load", { url: new URL("../../../device/parts.json", import.meta.url).href });
      this.ready = worker === this.#worker;
      return test;
    } catch (fault) {
      // Cancel what is still loading, and its progress. Another start may have come meanwhile.
      if (worker === this.#worker) {
        this.stop();
      }
      throw fault;
    }
  }

  /** Frees the networks' memory. */
  stop() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#started = null;
    this.ready = false;
    this.#fail(new Stopped("Reading on this device was stopped."));
  }

  pacing() {
    return new Pacing(DEVICE_RATE_HZ, REPLY_SHARE);
  }

  /** @returns {Promise<ImageData|null>} */
  capture() {
    return this.#camera.pixels();
  }

  /** @param {ImageData} picture @returns {Promise<import("../types.js").FrameReply>} */
  read({ data, width, height }) {
    return this.#ask("frame", { rgba: data.buffer, width, height, at_s: performance.now() / 1000 }, [data.buffer]);
  }

  /** @param {number[]|null} probabilities */
  async setBaseline(probabilities) {
    await this.#ask("baseline", { probabilities });
    return null;
  }

  /** @param {boolean} on */
  async readGroup(on) {
    await this.#ask("group", { on });
    return null;
  }

  /** @param {string} kind @param {object} fields @param {Transferable[]} [handed] @returns {Promise<any>} */
  #ask(kind, fields, handed = []) {
    const worker = this.#worker;
    if (!worker) {
      return Promise.reject(new Stopped("Reading on this device was not started."));
    }
    const job = ++this.#job;
    return new Promise((resolve, reject) => {
      this.#jobs.set(job, { resolve, reject });
      worker.postMessage({ job, kind, ...fields }, handed);
    });
  }

  /** @param {{job?: number, result?: unknown, fault?: string, progress?: number}} message */
  #answer({ job, result, fault, progress }) {
    if (progress !== undefined) {
      this.#onProgress(progress);
      return;
    }
    const asked = this.#jobs.get(Number(job));
    this.#jobs.delete(Number(job));
    if (fault === undefined) {
      asked?.resolve(result);
    } else {
      asked?.reject(new Error(fault));
    }
  }

  /** @param {Error} fault */
  #fail(fault) {
    for (const { reject } of this.#jobs.values()) {
      reject(fault);
    }
    this.#jobs.clear();
  }
}
