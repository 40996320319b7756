/**
 * Spotify's embed as a source. It lives in the document of /player, in a frame of ours that is made with the first track and
 * reused from then on; both sides check each other's origin.
 */

import { EmbedPlayback } from "./embed-playback.js";

const TICK_MS = 100;

/** @typedef {import("./source.js").Source} Source */

/** @implements {Source} */
export class EmbedSource {
  canSeek = true;
  canSetVolume = false;
  #place;
  #title;
  #emit;
  /** @type {HTMLIFrameElement|null} */ #frame = null;
  #listening = false;
  /** @type {object[]} */ #waiting = [];
  /** @type {EmbedPlayback|null} */ #playback = null;
  #timer = 0;

  /**
   * @param {HTMLElement} place where the frame goes
   * @param {string} title of the frame
   * @param {(event: import("./source.js").SourceEvent) => void} emit
   */
  constructor(place, title, emit) {
    this.#place = place;
    this.#title = title;
    this.#emit = emit;
    window.addEventListener("message", ({ origin, source, data }) => {
      if (origin === location.origin && source !== null && source === this.#frame?.contentWindow && typeof data?.type === "string") {
        this.#receive(data);
      }
    });
  }

  /** @param {import("../../types.js").Track} track */
  load(track) {
    const uri = `spotify:track:${track.id}`;
    this.#playback = new EmbedPlayback(uri, performance.now(), this.#playback?.lastUpdate ?? null, this.#playback?.answered);
    this.#frame ??= this.#makeFrame();
    this.#send({ type: "load", uri });
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#tick(), TICK_MS);
  }

  play() {
    const started = this.#playback?.started;
    this.#playback?.play(performance.now());
    // The embed's play() begins anew: what was paused is resumed.
    this.#send({ type: started ? "resume" : "play" });
  }

  pause() {
    this.#playback?.pause();
    this.#send({ type: "pause" });
  }

  /** @param {number} position_s */
  seek(position_s) {
    this.#playback?.seek(position_s * 1000, performance.now());
    this.#send({ type: "seek", position_s });
  }

  stop() {
    this.pause();
    clearInterval(this.#timer);
  }

  #makeFrame() {
    const frame = document.createElement("iframe");
    frame.title = this.#title;
    frame.allow = "autoplay; encrypted-media";
    frame.src = "player";
    this.#place.append(frame);
    return frame;
  }

  /** @param {{type: string, data?: any}} message */
  #receive({ type, data }) {
    if (type === "listening") {
      this.#listening = true;
      this.#waiting.splice(0).forEach((message) => this.#send(message));
    } else if (type === "unreachable") {
      this.#fail(navigator.onLine === false ? "offline" : "blocked");
    } else if (type === "update" && isUpdate(data)) {
      this.#playback?.update(data, performance.now()).forEach((event) => this.#emit(event));
    } else if (type === "ready") {
      this.#playback?.ready();
      if (this.#playback?.wantsStart) {
        this.#send({ type: "play" });
      }
    }
  }

  /** Spotify's player cannot be loaded. @param {"offline"|"blocked"} reason */
  #fail(reason) {
    this.#playback = null;
    this.#emit({ type: "failed", reason });
  }

  #tick() {
    if (this.#playback?.wantsStart && navigator.onLine === false) {
      // At once: a queue without a network would lose three tracks to the wait for a start.
      this.#fail("offline");
      return;
    }
    const now_ms = performance.now();
    if (this.#playback?.asksAgain(now_ms)) {
      this.#send({ type: "play" });
    }
    this.#playback?.tick(now_ms).forEach((event) => this.#emit(event));
  }

  /** @param {object} message */
  #send(message) {
    if (this.#listening) {
      this.#frame?.contentWindow?.postMessage(message, location.origin);
    } else {
      this.#waiting.push(message);
    }
  }
}

/** @param {any} data */
function isUpdate(data) {
  return typeof data === "object" && data !== null && Number.isFinite(data.position) && Number.isFinite(data.duration);
}
