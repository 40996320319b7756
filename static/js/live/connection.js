/**
 * The live connection: Socket.IO's namespace /live over WebSocket. Every event resolves with its acknowledgement. No page
 * texts.
 */

import { io } from "../../vendor/socket.io.esm.min.js";
import { request } from "../lib/http.js";

/** A frame without an acknowledgement in this time counts as lost. */
const FRAME_TIMEOUT_MS = 3000;
/** Tracks may come from a slow provider. */
const EVENT_TIMEOUT_MS = 8000;
/** Wait before the next attempt if the server refused the connection. */
const REFUSED_WAIT_MS = 5000;

/**
 * How Socket.IO's client reconnects: every delay lies between 200 ms and 1 s, at random within a third around 300, 600 and
 * 1200 ms, so that the listeners of a restarted server do not all come at once.
 */
export const RECONNECTION = { reconnectionDelay: 300, reconnectionDelayMax: 1000, randomizationFactor: 1 / 3 };

/** @typedef {import("../types.js").ConnectionState} ConnectionState */

/**
 * A browser does not tell why a WebSocket was refused; a plain request to the same address does.
 * @returns {Promise<number|null>} milliseconds to wait if the server accepts no more connections for now
 */
async function crowdedFor() {
  /** @type {import("../lib/http.js").HttpFault|null} */
  const fault = await request("socket.io/?EIO=4&transport=websocket").then(() => null, (reason) => reason);
  const crowded = fault !== null && (fault.status === 429 || fault.status === 503) && fault.retry_after_s > 0;
  return crowded ? fault.retry_after_s * 1000 : null;
}

export class Connection {
  #socket;
  #seq = 0;

  /** @param {(state: ConnectionState) => void} onState called on every change */
  constructor(onState) {
    // Where a proxy serves the page under a path, Socket.IO lies under it, too.
    const { pathname: path } = new URL("socket.io", location.href);
    this.#socket = io("/live", { path, transports: ["websocket"], ...RECONNECTION });
    // Never connected at all: a proxy may block WebSockets.
    /** @type {ConnectionState} */ let unconnected = "unreachable";
    let ask_again_ms = 0;
    this.#socket.on("connect", () => {
      unconnected = "lost";
      onState("connected");
    });
    // The server is being stopped; another one may be there in a moment.
    this.#socket.on("leaving", () => {
      unconnected = "leaving";
      onState(unconnected);
    });
    this.#socket.on("disconnect", () => onState(unconnected));
    this.#socket.on("connect_error", async () => {
      if (this.#socket.active) {
        onState(unconnected);
        // After a first connection no proxy can be in the way: the server is gone, and comes back.
        if (unconnected !== "unreachable" || performance.now() < ask_again_ms) {
          return;
        }
        ask_again_ms = performance.now() + REFUSED_WAIT_MS;
        const wait_ms = await crowdedFor();
        if (wait_ms !== null && !this.connected) {
          onState("crowded");
          this.#socket.disconnect();
          setTimeout(() => this.#socket.connect(), wait_ms);
        }
        return;
      }
      // The server answered, but accepts nobody from this address for now: Socket.IO leaves it to us to try again.
      onState("lost");
      setTimeout(() => this.#socket.connect(), REFUSED_WAIT_MS);
    });
    // Chromium closes the sockets of sleeping machines late: reconnect at once when the network is back.
    window.addEventListener("online", () => this.#socket.connect());
  }

  get connected() {
    return this.#socket.connected;
  }

  /** Whether it is connected, now or within `ms`. @param {number} ms @returns {Promise<boolean>} */
  connectedWithin(ms) {
    return new Promise((resolve) => {
      if (this.connected) {
        resolve(true);
        return;
      }
      this.#socket.once("connect", () => resolve(true));
      setTimeout(() => resolve(this.connected), ms);
    });
  }

  /**
   * @param {ArrayBuffer} jpeg
   * @returns {Promise<import("../types.js").FrameReply>} rejects after FRAME_TIMEOUT_MS
   */
  frame(jpeg) {
    return this.#socket.timeout(FRAME_TIMEOUT_MS).emitWithAck("frame", this.#seq++, jpeg);
  }

  /**
   * @param {{emotion?: string, goal?: string, n?: number, wishes?: Record<string, unknown>, probabilities?: number[],
   *   after?: import("../types.js").MusicPoint}} wish `after`: where the track lies that plays before them
   * @returns {Promise<import("../types.js").SnapReply>}
   */
  snap(wish) {
    return this.#socket.timeout(EVENT_TIMEOUT_MS).emitWithAck("snap", wish);
  }

  /** Everybody in view as one, or the largest face. @param {boolean} on */
  group(on) {
    return this.#socket.timeout(EVENT_TIMEOUT_MS).emitWithAck("group", { on });
  }

  /** This browser reads faces by itself: the server waits for no frames. @param {boolean} on */
  device(on) {
    return this.#socket.timeout(EVENT_TIMEOUT_MS).emitWithAck("device", { on });
  }

  /** @param {import("../types.js").Mood} mood @param {number} at_s Unix seconds */
  resume(mood, at_s) {
    return this.#socket.timeout(EVENT_TIMEOUT_MS).emitWithAck("resume", { mood, at_s });
  }

  /** @param {number[]|null} probabilities of the listener's neutral face; null stops correcting */
  baseline(probabilities) {
    return this.#socket.timeout(EVENT_TIMEOUT_MS).emitWithAck("baseline", { probabilities });
  }

  /** @param {string} id of a track @param {boolean} like more like it, or not it */
  feedback(id, like) {
    return this.#socket.timeout(EVENT_TIMEOUT_MS).emitWithAck("feedback", { id, like });
  }
}
