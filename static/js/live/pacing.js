/**
 * How long to wait between pictures: the camera's rate while replies are quick, slower by itself when they are not.
 * Pure: times are passed in.
 */

/** Least interval between pictures, in multiples of the reply's time: half of the server's time is left to others. */
const REPLY_SHARE = 2;
/** Weight of the newest reply's time in the moving average, 0..1. */
const NEWEST_SHARE = 0.3;
/** Longest interval between pictures. */
export const MAX_INTERVAL_MS = 2000;

export class Pacing {
  #interval_ms;
  #reply_share;
  #reply_ms = 0;
  #wait_ms = 0;

  /** @param {number} max_rate_hz pictures a second @param {number} [reply_share] the least interval, in multiples of a reply's time */
  constructor(max_rate_hz, reply_share = REPLY_SHARE) {
    this.#reply_share = reply_share;
    this.#interval_ms = 1000 / max_rate_hz;
  }

  /**
   * @param {number} reply_ms from sending to the acknowledgement
   * @param {number} wait_ms what the server asked for
   */
  replied(reply_ms, wait_ms) {
    this.#reply_ms += (reply_ms - this.#reply_ms) * (this.#reply_ms ? NEWEST_SHARE : 1);
    this.#wait_ms = wait_ms;
  }

  /** No acknowledgement came in time. */
  missed() {
    this.#wait_ms = MAX_INTERVAL_MS;
  }

  /** Milliseconds between two pictures, before the server's `wait_ms`. */
  get interval_ms() {
    return Math.min(MAX_INTERVAL_MS, Math.max(this.#interval_ms, this.#reply_share * this.#reply_ms));
  }

  /**
   * @param {number} since_sent_ms since the last picture was sent
   * @returns {number} milliseconds to wait from now
   */
  wait(since_sent_ms) {
    return Math.max(this.#wait_ms, this.interval_ms - since_sent_ms, 0);
  }
}
