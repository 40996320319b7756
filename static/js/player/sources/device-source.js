/**
 * The listener's own Spotify device as a source, through their connected account: told what to play, then asked every few
 * seconds what it does. Between two answers the position is counted by the clock.
 */

import { HttpFault } from "../../lib/http.js";
import { START_TIMEOUT_MS } from "./source.js";

/** So long after a command its effect shows. */
const SETTLE_MS = 600;
/** The next question where it plays, and where it is paused: the listener may go on at the device itself. */
const PLAYING_POLL_MS = 3000;
const PAUSED_POLL_MS = 6000;
/** A track that is paused for longer is no longer asked after. */
const MAX_PAUSED_MS = 15 * 60_000;
/** Where a track stops this close to its end, or another one plays, it has ended. */
const END_S = 2;
const AT_END_S = 0.5;
const PROGRESS_MS = 500;
/** A volume that is dragged is sent once the hand rests; the device tells its own again after it must have it. */
const VOLUME_MS = 300;
const VOLUME_SETTLE_MS = 4000;

/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./source.js").FailReason} FailReason */
/** @typedef {import("./spotify-device.js").Playback} Playback */

/** What the server's codes mean for the queue; others are "device". @type {Record<string, FailReason>} */
const REASONS = { no_device: "no_device", premium_required: "premium_required", not_connected: "not_connected" };

/** @implements {Source} */
export class DeviceSource {
  canSeek = true;
  canSetVolume = false;
  ownVolume = true;
  #device;
  #emit;
  #id = "";
  /** Counts tracks: answers for one that was left are dropped. */ #number = 0;
  #started = false;
  #wanted = false;
  #changed_ms = 0;
  /** Where the device was, and when it said so. */ #last = { position_s: 0, duration_s: 0, at_ms: 0 };
  #timer = 0;
  #ticks = 0;
  #volumeTimer = 0;
  #volume_ms = -Infinity;

  /**
   * @param {Pick<import("./spotify-device.js").SpotifyDevice, "play"|"playback"|"control">} device
   * @param {(event: import("./source.js").SourceEvent) => void} emit
   */
  constructor(device, emit) {
    this.#device = device;
    this.#emit = emit;
  }

  /** What the device plays goes on until the next play. @param {import("../../types.js").Track} track */
  load({ id }) {
    this.#leave();
    this.#id = id;
    this.#started = false;
  }

  play() {
    this.#want(true);
    const command = this.#started ? this.#device.control("resume") : this.#device.play(this.#id);
    this.#after(command, SETTLE_MS);
  }

  pause() {
    this.#want(false);
    this.#after(this.#device.control("pause"), PAUSED_POLL_MS);
  }

  /** @param {number} position_s */
  seek(position_s) {
    this.#last = { ...this.#last, position_s, at_ms: performance.now() };
    this.#after(this.#device.control("seek", position_s), SETTLE_MS);
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    if (this.canSetVolume) {
      this.#volume_ms = performance.now();
      clearTimeout(this.#volumeTimer);
      this.#volumeTimer = window.setTimeout(() => this.#device.control("volume", volume).catch(console.error), VOLUME_MS);
    }
  }

  stop() {
    if (this.#wanted) {
      // Nothing depends on it: a device that is gone plays nothing.
      this.#device.control("pause").catch(console.error);
    }
    this.#leave();
  }

  #leave() {
    this.#number += 1;
    this.#wanted = false;
    clearTimeout(this.#timer);
    clearInterval(this.#ticks);
  }

  /** @param {boolean} wanted */
  #want(wanted) {
    this.#last = { ...this.#last, position_s: this.#position_s(), at_ms: performance.now() };
    this.#wanted = wanted;
    this.#changed_ms = performance.now();
    clearInterval(this.#ticks);
    if (wanted) {
      this.#ticks = window.setInterval(() => this.#progress(), PROGRESS_MS);
    }
  }

  /** Asks what the device does `wait_ms` after a command was taken. @param {Promise<unknown>} command @param {number} wait_ms */
  async #after(command, wait_ms) {
    const mine = this.#number;
    clearTimeout(this.#timer);
    try {
      await command;
      if (mine === this.#number) {
        this.#askIn(wait_ms);
      }
    } catch (fault) {
      this.#fail(mine, fault);
    }
  }

  /** @param {number} wait_ms */
  #askIn(wait_ms) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#ask(), wait_ms);
  }

  async #ask() {
    const mine = this.#number;
    try {
      const playback = await this.#device.playback();
      if (mine === this.#number) {
        this.#hear(playback);
      }
    } catch (fault) {
      this.#fail(mine, fault);
    }
  }

  /** @param {Playback} playback */
  #hear(playback) {
    this.canSetVolume = playback.volume !== null;
    if (playback.volume !== null && performance.now() - this.#volume_ms > VOLUME_SETTLE_MS) {
      this.#emit({ type: "volume", volume: playback.volume });
    }
    const ours = playback.ids.includes(this.#id);
    if (!this.#started) {
      this.#begin(playback, ours);
      return;
    }
    if (this.#isEnd(playback, ours)) {
      this.#leave();
      this.#emit({ type: "ended" });
      return;
    }
    if (ours) {
      this.#last = { position_s: playback.position_s, duration_s: playback.duration_s, at_ms: performance.now() };
    }
    const plays = ours && playback.playing;
    if (plays !== this.#wanted) {
      this.#want(plays);
      this.#emit({ type: plays ? "resumed" : "paused" });
    }
    // Another track plays there: the listener chose it, and a press of theirs brings ours back from its start.
    this.#started = ours;
    this.#progress();
    this.#askAgain();
  }

  /** @param {Playback} playback @param {boolean} ours */
  #begin({ playing, position_s, duration_s }, ours) {
    const now_ms = performance.now();
    if (ours && playing) {
      this.#started = true;
      this.#last = { position_s, duration_s, at_ms: now_ms };
      this.#emit({ type: "started", preview: false });
      this.#askAgain();
    } else if (this.#wanted && now_ms - this.#changed_ms >= START_TIMEOUT_MS) {
      this.#leave();
      this.#emit({ type: "failed", reason: "gone" });
    } else if (this.#wanted) {
      this.#askIn(SETTLE_MS);
    }
  }

  /**
   * By the clock it must be over, and the device says so: another track plays, it is back at the start, or stands at the end.
   * A pause of the listener's near the end is none.
   * @param {Playback} playback @param {boolean} ours
   */
  #isEnd({ playing, position_s }, ours) {
    const { duration_s } = this.#last;
    if (!this.#wanted || this.#position_s() < duration_s - END_S) {
      return false;
    }
    return !ours || position_s < END_S || (!playing && position_s >= duration_s - AT_END_S);
  }

  #askAgain() {
    const now_ms = performance.now();
    if (this.#wanted) {
      const left_ms = (this.#last.duration_s - this.#position_s()) * 1000;
      this.#askIn(Math.min(PLAYING_POLL_MS, Math.max(left_ms, 0) + SETTLE_MS / 3));
    } else if (now_ms - this.#changed_ms < MAX_PAUSED_MS) {
      this.#askIn(PAUSED_POLL_MS);
    }
  }

  #progress() {
    if (this.#started) {
      const { duration_s } = this.#last;
      this.#emit({ type: "progress", position_s: Math.min(this.#position_s(), duration_s), duration_s });
    }
  }

  /** By the clock. */
  #position_s() {
    const { position_s, at_ms } = this.#last;
    return position_s + (this.#started && this.#wanted ? (performance.now() - at_ms) / 1000 : 0);
  }

  /** @param {number} number of the track that failed @param {unknown} fault */
  #fail(number, fault) {
    if (!(fault instanceof HttpFault)) {
      throw fault;
    }
    if (number === this.#number) {
      this.#leave();
      this.#started = false;
      this.#emit({ type: "failed", reason: REASONS[fault.code] ?? "device" });
    }
  }
}
