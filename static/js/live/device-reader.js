/**
 * Reading on this device: the page's side of reading/worker.js. Frames go to the worker and nowhere else. No page texts.
 */

/** Most pictures a second; timers come late, so that about 20 are read. */
export const DEVICE_RATE_HZ = 22;

/** @typedef {{rate_hz: number, least_rate_hz: number}} SelfTest what this browser can do, and what it should, frames a second */

/** What was under way was stopped on purpose. */
export class Stopped extends Error {}

export class DeviceReader {
  /** @type {Worker|null} */ #worker = null;
  /** @type {Map<number, {resolve: (result: any) => void, reject: (fault: Error) => void}>} */ #jobs = new Map();
  #job = 0;
  #onProgress;
  /** @type {Promise<SelfTest>|null} */ #started = null;
  /** Whether frames are answered. */
  ready = false;

  /** @param {(share: number) => void} onProgress how much of runtime and networks is here, 0..1 */
  constructor(onProgress) {
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
    const worker = new Worker(new URL("../reading/worker.js", import.meta.url), { type: "module" });
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
      const test = await this.#ask("load", { url: "/device/parts.json" });
      this.ready = worker === this.#worker;
      return test;
    } catch (fault) {
      // What is still being loaded is of no use, and its progress no news. Another start may have come meanwhile.
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

  /** @param {ImageData} picture @returns {Promise<import("../types.js").FrameReply>} */
  frame({ data, width, height }) {
    return this.#ask("frame", { rgba: data.buffer, width, height, at_s: performance.now() / 1000 }, [data.buffer]);
  }

  /** @param {number[]|null} probabilities of the resting face; null corrects nothing any more @returns {Promise<void>} */
  baseline(probabilities) {
    return this.#ask("baseline", { probabilities });
  }

  /** @param {boolean} on everybody in view as one @returns {Promise<void>} */
  group(on) {
    return this.#ask("group", { on });
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
