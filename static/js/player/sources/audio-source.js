/**
 * A plain audio element as a source: plays whatever track has an address of its sound (`audio`). One element for all tracks,
 * since a browser that let it play once lets it play on.
 */

import { MAX_BUFFERING_MS, START_TIMEOUT_MS } from "./source.js";

/** @typedef {import("./source.js").Source} Source */

/** MediaError.MEDIA_ERR_NETWORK: the sound stopped arriving after it had begun. */
const NETWORK_ERROR = 2;

/** @implements {Source} */
export class AudioSource {
  canSetVolume;
  #audio;
  #emit;
  #hasSound = false;
  /** Whether it should play. */ #wanted = false;
  #started = false;
  /** Whether the track has ended or failed, or nothing is loaded. */ #done = true;
  #timer = 0;

  /** @param {(event: import("./source.js").SourceEvent) => void} emit @param {HTMLAudioElement} [audio] */
  constructor(emit, audio = new Audio()) {
    this.#emit = emit;
    this.#audio = audio;
    this.canSetVolume = takesVolume(audio);
    audio.preload = "auto";
    audio.addEventListener("playing", () => this.#plays());
    audio.addEventListener("timeupdate", () => this.#progress());
    audio.addEventListener("durationchange", () => this.#progress());
    audio.addEventListener("waiting", () => this.#started && this.#failAfter(MAX_BUFFERING_MS));
    audio.addEventListener("pause", () => this.#pausedBySomebody());
    audio.addEventListener("play", () => this.#resumedBySomebody());
    audio.addEventListener("ended", () => this.#end());
    audio.addEventListener("error", () => this.#fail(audio.error?.code === NETWORK_ERROR ? "stalled" : "unplayable"));
  }

  /** A stream without an end has no duration that could be sought in. */
  get canSeek() {
    return Number.isFinite(this.#audio.duration);
  }

  /** @param {import("../../types.js").Track} track */
  load({ audio }) {
    this.#release();
    this.#started = false;
    this.#done = false;
    this.#hasSound = Boolean(audio);
    if (audio) {
      // Our own sounds lie beside the page, under whatever path a proxy serves both.
      this.#audio.src = audio.replace(/^\/(?!\/)/, "");
    }
  }

  play() {
    this.#wanted = true;
    if (!this.#started) {
      this.#failAfter(START_TIMEOUT_MS);
    }
    const begun = this.#hasSound ? this.#audio.play() : Promise.reject(new DOMException("no sound", "NotSupportedError"));
    begun.catch((/** @type {DOMException} */ { name }) => {
      if (name === "NotAllowedError") {
        this.#refuse();
      } else if (name !== "AbortError") {
        // An AbortError says that another track was loaded, or a pause came first.
        this.#fail("unplayable");
      }
    });
  }

  pause() {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#audio.pause();
  }

  /** @param {number} position_s */
  seek(position_s) {
    this.#audio.currentTime = position_s;
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.#audio.volume = volume;
  }

  stop() {
    this.#done = true;
    this.#release();
  }

  /** Ends the download, too: a stream would go on. */
  #release() {
    this.pause();
    if (this.#hasSound) {
      this.#hasSound = false;
      this.#audio.removeAttribute("src");
      this.#audio.load();
    }
  }

  #plays() {
    clearTimeout(this.#timer);
    if (this.#wanted && !this.#started && !this.#done) {
      this.#started = true;
      this.#emit({ type: "started", preview: false });
    }
  }

  #progress() {
    if (this.#started && !this.#done) {
      const { currentTime, duration } = this.#audio;
      this.#emit({ type: "progress", position_s: currentTime, duration_s: Number.isFinite(duration) ? duration : 0 });
    }
  }

  /** The browser or a key of the machine paused it; an element pauses at its end by itself. */
  #pausedBySomebody() {
    if (this.#wanted && this.#started && !this.#done && !this.#audio.ended) {
      this.#wanted = false;
      clearTimeout(this.#timer);
      this.#emit({ type: "paused" });
    }
  }

  #resumedBySomebody() {
    if (!this.#wanted && this.#started && !this.#done) {
      this.#wanted = true;
      this.#emit({ type: "resumed" });
    }
  }

  #end() {
    if (this.#started && !this.#done) {
      this.#done = true;
      this.#wanted = false;
      this.#emit({ type: "ended" });
    }
  }

  /** A press may still start it. */
  #refuse() {
    if (!this.#done) {
      this.pause();
      this.#emit({ type: "failed", reason: "refused" });
    }
  }

  /** @param {import("./source.js").FailReason} reason */
  #fail(reason) {
    if (!this.#done) {
      this.stop();
      this.#emit({ type: "failed", reason });
    }
  }

  /** @param {number} ms */
  #failAfter(ms) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#fail("stalled"), ms);
  }
}

/** Whether a page may set the volume: on an iPhone the keys alone do. @param {HTMLAudioElement} audio */
function takesVolume(audio) {
  audio.volume = 0.5;
  const takes = audio.volume === 0.5;
  audio.volume = 1;
  return takes;
}
