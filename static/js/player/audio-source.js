/**
 * A plain audio element as a source, for tracks that have a `url` of sound.
 */

/** @typedef {import("./source.js").Source} Source */

/** @implements {Source} */
export class AudioSource {
  canSeek = true;
  canSetVolume = true;
  #audio;
  #emit;
  #wanted = false;
  #started = false;

  /** @param {(event: import("./source.js").SourceEvent) => void} emit @param {HTMLAudioElement} [audio] */
  constructor(emit, audio = new Audio()) {
    this.#audio = audio;
    this.#emit = emit;
    audio.addEventListener("playing", () => this.#onPlaying());
    audio.addEventListener("timeupdate", () => this.#started && emit({ type: "progress", position_s: audio.currentTime, duration_s: Number.isFinite(audio.duration) ? audio.duration : 0 }));
    audio.addEventListener("ended", () => emit({ type: "ended" }));
    audio.addEventListener("error", () => this.#wanted && emit({ type: "failed", reason: "gone" }));
  }

  /** @param {import("../types.js").Track} track */
  load(track) {
    this.#wanted = false;
    this.#started = false;
    this.#audio.src = track.url;
  }

  play() {
    this.#wanted = true;
    this.#audio.play().catch((fault) => {
      // Another track that is loaded meanwhile aborts this one: that is no fault.
      if (fault?.name === "NotAllowedError") {
        this.#emit({ type: "failed", reason: "refused" });
      }
    });
  }

  pause() {
    this.#wanted = false;
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
    this.pause();
    this.#started = false;
  }

  #onPlaying() {
    if (!this.#started) {
      this.#started = true;
      this.#emit({ type: "started", preview: false });
    }
  }
}
