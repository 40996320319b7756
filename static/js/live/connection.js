/**
 * The wire: Socket.IO's /live over WebSocket. Every event resolves with its acknowledgement. No page texts.
 */

import { io } from "../../vendor/socket.io.esm.min.js";

/** A frame without an acknowledgement for so long counts as lost. */
const FRAME_DEADLINE_MS = 3000;
/** Tracks may come from far away. */
const EVENT_DEADLINE_MS = 8000;
/** A server that refused to be connected is asked again so much later. */
const REFUSED_WAIT_MS = 5000;

/**
 * How Socket.IO's client comes back after the wire was lost: every delay lies between 200 ms and 1 s, at random within a
 * third around 300, 600 and 1200 ms, so that a lost server's listeners do not all come at once.
 */
export const RECONNECTION = { reconnectionDelay: 300, reconnectionDelayMax: 1000, randomizationFactor: 1 / 3 };

/** @typedef {"connected"|"lost"|"leaving"|"crowded"|"unreachable"} WireState */

/**
 * A browser does not tell why a WebSocket was refused: the same address, asked plainly, does.
 * @returns {Promise<number|null>} milliseconds to wait where the server takes no more wires for now
 */
async function crowdedFor() {
  const answer = await fetch("/socket.io/?EIO=4&transport=websocket").catch(() => null);
  const wait_s = Number(answer?.headers.get("Retry-After"));
  return answer !== null && (answer.status === 429 || answer.status === 503) && wait_s > 0 ? wait_s * 1000 : null;
}

export class Live {
  #socket;
  #seq = 0;

  /** @param {(state: WireState) => void} onState told of every change */
  constructor(onState) {
    this.#socket = io("/live", { transports: ["websocket"], ...RECONNECTION });
    // Never connected at all: a proxy may block WebSockets.
    /** @type {WireState} */ let unconnected = "unreachable";
    let askAgain_ms = 0;
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
        // Who was connected once knows that no proxy is in between: the server is gone, and comes back.
        if (unconnected !== "unreachable" || performance.now() < askAgain_ms) {
          return;
        }
        askAgain_ms = performance.now() + REFUSED_WAIT_MS;
        const wait_ms = await crowdedFor();
        if (wait_ms !== null && !this.connected) {
          onState("crowded");
          this.#socket.disconnect();
          setTimeout(() => this.#socket.connect(), wait_ms);
        }
        return;
      }
      // The server answered, but takes nobody of this address for the moment: Socket.IO leaves it to us to try again.
      onState("lost");
      setTimeout(() => this.#socket.connect(), REFUSED_WAIT_MS);
    });
    // Chromium closes sockets of sleeping machines late: look again at once when the network is back.
    window.addEventListener("online", () => this.#socket.connect());
  }

  get connected() {
    return this.#socket.connected;
  }

  /** Whether the wire is there, now or within `ms`. @param {number} ms @returns {Promise<boolean>} */
  settled(ms) {
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
   * @returns {Promise<import("../types.js").FrameReply>} rejects after FRAME_DEADLINE_MS
   */
  frame(jpeg) {
    return this.#socket.timeout(FRAME_DEADLINE_MS).emitWithAck("frame", this.#seq++, jpeg);
  }

  /**
   * @param {{emotion?: string, goal?: string, n?: number, wishes?: Record<string, unknown>}} wish
   * @returns {Promise<import("../types.js").SnapReply>}
   */
  snap(wish) {
    return this.#socket.timeout(EVENT_DEADLINE_MS).emitWithAck("snap", wish);
  }

  /** Everybody in view as one, or the largest face. @param {boolean} on */
  group(on) {
    return this.#socket.timeout(EVENT_DEADLINE_MS).emitWithAck("group", { on });
  }

  /** @param {import("../types.js").Mood} mood @param {number} at_s Unix seconds */
  resume(mood, at_s) {
    return this.#socket.timeout(EVENT_DEADLINE_MS).emitWithAck("resume", { mood, at_s });
  }

  /** @param {number[]|null} probabilities of the resting face; null corrects nothing any more */
  baseline(probabilities) {
    return this.#socket.timeout(EVENT_DEADLINE_MS).emitWithAck("baseline", { probabilities });
  }

  /** @param {string} id of a track @param {boolean} like more like it, or not it */
  feedback(id, like) {
    return this.#socket.timeout(EVENT_DEADLINE_MS).emitWithAck("feedback", { id, like });
  }
}
