/**
 * How long to wait between pictures: the camera's rate while replies are quick, slower by itself when they are not.
 * Pure: times are passed in.
 */

/** The next picture waits at least so many times the reply's time: half of the time is left to others. */
const REPLY_SHARE = 2;
/** How much of the newest reply's time enters the average, 0..1. */
const NEWEST_SHARE = 0.3;
/** Slowest rate: one picture in so many milliseconds. */
export const SLOWEST_MS = 2000;

export class Pace {
  #interval_ms;
  #reply_share;
  #reply_ms = 0;
  #wait_ms = 0;

  /** @param {number} rate_hz pictures a second at best @param {number} [reply_share] the least wait, in times of a reply */
  constructor(rate_hz, reply_share = REPLY_SHARE) {
    this.#reply_share = reply_share;
    this.#interval_ms = 1000 / rate_hz;
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
    this.#wait_ms = SLOWEST_MS;
  }

  /** Milliseconds between the sending of two pictures, before the server's own wish. */
  get interval_ms() {
    return Math.min(SLOWEST_MS, Math.max(this.#interval_ms, this.#reply_share * this.#reply_ms));
  }

  /**
   * @param {number} since_sent_ms since the last picture was sent
   * @returns {number} milliseconds to wait from now
   */
  wait(since_sent_ms) {
    return Math.max(this.#wait_ms, this.interval_ms - since_sent_ms, 0);
  }
}
