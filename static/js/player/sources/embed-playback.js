/**
 * What Spotify's embed does with one track, told from its updates. The embed has no event for a track's end, often pauses at
 * its last position, and says nothing where a track never starts. Pure: times are passed in, in milliseconds.
 */

import { MAX_BUFFERING_MS, START_TIMEOUT_MS } from "./source.js";

/** The embed often swallows a play() that comes while it loads: asked again after these. */
const ASK_AGAIN_MS = [1500, 3500, 5500];
/** Positions this close to the end count as the end. */
const END_MS = 400;
/** From here on a pause may be the end: the last update before it may be this old. */
const NEAR_END_MS = 1600;
/** Updates come at least every second; near the end so much silence is the end. */
const SILENCE_MS = 900;
/** What is played to who is logged out at Spotify. */
export const PREVIEW_MS = 30_000;
/** Updates of the track before may come this long after a new one was loaded. */
const STALE_MS = 1500;

/** @typedef {{isPaused: boolean, isBuffering: boolean, position: number, duration: number, playingURI?: string}} EmbedUpdate ms */
/** @typedef {import("./source.js").SourceEvent} SourceEvent */

export class EmbedPlayback {
  #uri;
  #before;
  #loaded_ms;
  /** Whether the embed ever said anything. */ #answered;
  /** When play was asked for, null while nobody wants sound. @type {number|null} */ #wanted_ms = null;
  #started = false;
  #done = false;
  #asked = 0;
  #pausedByUs = false;
  /** The newest update, and when it came. @type {EmbedUpdate|null} */ #last = null;
  #last_ms = 0;
  /** Where playing has really come, and when. */ #anchor = { position: 0, at_ms: 0 };
  #buffering_ms = 0;
  #length_ms = 0;

  /**
   * @param {string} uri
   * @param {number} now_ms
   * @param {EmbedUpdate|null} before the last update of the track before
   * @param {boolean} [answered] whether the embed has said anything, for an earlier track
   */
  constructor(uri, now_ms, before, answered = false) {
    this.#uri = uri;
    this.#answered = answered;
    this.#loaded_ms = now_ms;
    this.#before = before;
  }

  get started() {
    return this.#started;
  }

  /** Whether it should play and does not yet. */
  get wantsStart() {
    return this.#wanted_ms !== null && !this.#started && !this.#done;
  }

  get lastUpdate() {
    return this.#last;
  }

  get answered() {
    return this.#answered;
  }

  /** The embed is there, whatever it does with the track. */
  ready() {
    this.#answered = true;
  }

  /** @param {number} now_ms */
  play(now_ms) {
    this.#wanted_ms = now_ms;
    this.#pausedByUs = false;
    this.#asked = 0;
    this.#anchor = { position: this.#last?.position ?? 0, at_ms: now_ms };
    this.#last_ms = Math.max(this.#last_ms, now_ms);
  }

  pause() {
    this.#wanted_ms = null;
    this.#pausedByUs = true;
  }

  /** @param {number} position_ms @param {number} now_ms */
  seek(position_ms, now_ms) {
    this.#anchor = { position: position_ms, at_ms: now_ms };
    if (this.#last) {
      this.#last = { ...this.#last, position: position_ms };
    }
  }

  /** @param {EmbedUpdate} update @param {number} now_ms @returns {SourceEvent[]} */
  update(update, now_ms) {
    this.#answered = true;
    if (this.#done || this.#isStale(update, now_ms)) {
      return [];
    }
    const last = this.#last;
    const position_before = this.#positionAt(now_ms);
    this.#last = update;
    this.#last_ms = now_ms;
    /** @type {SourceEvent[]} */ const events = [];
    if (update.duration > 0) {
      this.#length_ms = update.duration;
    }
    if (update.isBuffering && !update.isPaused) {
      this.#buffering_ms ||= now_ms;
    } else {
      this.#buffering_ms = 0;
    }
    if (!this.#started) {
      if (update.isPaused || update.isBuffering || update.position <= 0) {
        return events;
      }
      this.#started = true;
      this.#wanted_ms ??= now_ms;
      events.push({ type: "started", preview: this.#length_ms <= PREVIEW_MS + 1000 });
    }
    if (this.#isEnd(update, position_before, last)) {
      this.#done = true;
      return [...events, { type: "ended" }];
    }
    this.#anchor = { position: update.position, at_ms: now_ms };
    if (update.isPaused && this.#wanted_ms !== null) {
      this.#wanted_ms = null;
      events.push({ type: "paused" });
    } else if (!update.isPaused && this.#wanted_ms === null && !this.#pausedByUs) {
      this.#wanted_ms = now_ms;
      events.push({ type: "resumed" });
    } else if (update.isPaused) {
      this.#pausedByUs = false; // our pause has arrived: from here on a resume is the listener's
    }
    events.push({ type: "progress", position_s: Math.min(update.position, this.#length_ms) / 1000, duration_s: this.#length_ms / 1000 });
    return events;
  }

  /** To be called several times a second. @param {number} now_ms @returns {SourceEvent[]} */
  tick(now_ms) {
    if (this.#done || this.#wanted_ms === null) {
      return [];
    }
    if (!this.#started) {
      return now_ms - this.#wanted_ms >= START_TIMEOUT_MS ? this.#neverStarted() : [];
    }
    if (this.#buffering_ms && now_ms - this.#buffering_ms >= MAX_BUFFERING_MS) {
      return this.#fail("stalled");
    }
    const silent_ms = now_ms - this.#last_ms;
    if (!this.#buffering_ms && silent_ms >= SILENCE_MS && this.#positionAt(now_ms) >= this.#length_ms + 100) {
      this.#done = true;
      return [{ type: "ended" }];
    }
    return [];
  }

  /** Whether play() should be sent once more, since the track has not started. @param {number} now_ms */
  asksAgain(now_ms) {
    if (this.#started || this.#done || this.#wanted_ms === null || now_ms - this.#wanted_ms < (ASK_AGAIN_MS[this.#asked] ?? Infinity)) {
      return false;
    }
    this.#asked += 1;
    return true;
  }

  /** @param {import("./source.js").FailReason} reason @returns {SourceEvent[]} */
  #fail(reason) {
    this.#done = true;
    return [{ type: "failed", reason }];
  }

  /**
   * A track that has loaded but stays paused was refused by the browser: a press may still start it. One without a length is
   * not there, unless nothing at all was heard of the embed.
   */
  #neverStarted() {
    if (this.#last && this.#last.duration > 0) {
      this.#wanted_ms = null;
      return [/** @type {SourceEvent} */ ({ type: "failed", reason: "refused" })];
    }
    return this.#fail(this.#answered ? "gone" : "unanswered");
  }

  /** @param {EmbedUpdate} update @param {number} now_ms */
  #isStale(update, now_ms) {
    if (update.playingURI && update.playingURI !== this.#uri) {
      return true;
    }
    const before = this.#before;
    return (
      !this.#started && before !== null && !update.playingURI && now_ms - this.#loaded_ms < STALE_MS &&
      update.duration === before.duration && update.position >= before.position - END_MS && before.position > 0
    );
  }

  /**
   * A pause is the end where playing must have reached it by the clock, or where it went back to the start by itself.
   * @param {EmbedUpdate} update @param {number} reached_ms where playing must be by the clock @param {EmbedUpdate|null} last
   */
  #isEnd(update, reached_ms, last) {
    const { isPaused, position } = update;
    const length = this.#length_ms;
    if (this.#pausedByUs || !length) {
      return false;
    }
    if (!isPaused) {
      return position >= length - END_MS && last !== null && !last.isPaused && position === last.position;
    }
    if (this.#wanted_ms === null) {
      return false;
    }
    const isBackAtStart = position < 1000 && reached_ms > 2000;
    const isNearEnd = position >= length - NEAR_END_MS && reached_ms >= length - END_MS;
    const isPreviewEnd = length > PREVIEW_MS + 1000 && Math.abs(position - PREVIEW_MS) <= END_MS;
    return isBackAtStart || isNearEnd || isPreviewEnd;
  }

  /** @param {number} now_ms */
  #positionAt(now_ms) {
    return this.#anchor.position + (this.#started && this.#wanted_ms !== null && !this.#buffering_ms ? now_ms - this.#anchor.at_ms : 0);
  }
}
