/**
 * All sources behind one: each track goes to the source that has its sound; a source is made when its first track comes.
 */

import { isTrackId } from "../../lib/track-id.js";

/** @typedef {import("./source.js").Source} Source */
/** @typedef {(event: import("./source.js").SourceEvent) => void} Emit */
/** @typedef {"audio"|"stream"|"embed"|"device"} SourceName */

/**
 * The source of a track's sound.
 * @param {import("../../types.js").Track} track
 * @param {boolean} onDevice whether Spotify's tracks play on the listener's own device
 * @returns {SourceName}
 */
export function sourceOf({ id, audio }, onDevice) {
  if (audio && !audio.startsWith("/")) {
    return "stream";
  }
  // A track of neither is one that no source has: the audio element says so.
  if (audio || !isTrackId(id)) {
    return "audio";
  }
  return onDevice ? "device" : "embed";
}

/** @implements {Source} */
export class TrackSources {
  #makers;
  #emit;
  #onUse;
  #onDevice;
  /** @type {Map<SourceName, Source>} */ #made = new Map();
  /** @type {Source|null} */ #current = null;
  #volume = 1;

  /**
   * @param {Record<SourceName, (emit: Emit) => Source>} makers
   * @param {Emit} emit
   * @param {Object} [page]
   * @param {(name: SourceName) => void} [page.onUse] called before a source gets a track
   * @param {() => boolean} [page.onDevice] whether Spotify's tracks play on the listener's own device
   */
  constructor(makers, emit, { onUse = () => undefined, onDevice = () => false } = {}) {
    this.#makers = makers;
    this.#emit = emit;
    this.#onUse = onUse;
    this.#onDevice = onDevice;
  }

  get canSeek() {
    return this.#current?.canSeek ?? false;
  }

  get canSetVolume() {
    return this.#current?.canSetVolume ?? false;
  }

  get ownVolume() {
    return this.#current?.ownVolume ?? false;
  }

  /** @param {import("../../types.js").Track} track */
  load(track) {
    const name = sourceOf(track, this.#onDevice());
    this.#onUse(name);
    const source = this.#source(name);
    const before = this.#current;
    if (source !== before) {
      this.#current = source;
      (before?.leave ? before.leave() : before?.stop());
    }
    if (!source.ownVolume) {
      source.setVolume?.(this.#volume);
      if (before?.ownVolume) {
        // What is shown was the volume of the listener's device.
        this.#emit({ type: "volume", volume: this.#volume });
      }
    }
    source.load(track);
  }

  play() {
    this.#current?.play();
  }

  pause() {
    this.#current?.pause();
  }

  /** @param {number} position_s */
  seek(position_s) {
    this.#current?.seek(position_s);
  }

  /** @param {number} volume 0..1, also of the sources that are used later */
  setVolume(volume) {
    if (!this.#current?.ownVolume) {
      this.#volume = volume;
    }
    this.#current?.setVolume?.(volume);
  }

  stop() {
    this.#current?.stop();
  }

  /** @param {SourceName} name @returns {Source} */
  #source(name) {
    const known = this.#made.get(name);
    if (known) {
      return known;
    }
    /** @type {Source} */
    const made = this.#makers[name]((event) => made === this.#current && this.#emit(event));
    this.#made.set(name, made);
    return made;
  }
}
