/**
 * Sound from elsewhere: open catalogues and radio. Its audio element lives in the document of /streams, whose policy alone
 * lets sound come from other hosts; our pages' own does not. Tells who asked which station plays, and which did not.
 */

import { AudioSource } from "./audio-source.js";

/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./source.js").SourceEvent} SourceEvent */

/** @implements {Source} */
export class StreamSource {
  canSetVolume = true;
  #emit;
  #report;
  /** @type {AudioSource|null} */ #inner = null;
  /** What was asked before the frame was there. @type {((inner: AudioSource) => void)[]} */ #waiting = [];
  #id = "";

  /**
   * @param {HTMLElement} place where the frame goes
   * @param {(event: SourceEvent) => void} emit
   * @param {(id: string, type: "started"|"failed") => void} report
   */
  constructor(place, emit, report) {
    this.#emit = emit;
    this.#report = report;
    const frame = document.createElement("iframe");
    Object.assign(frame, { src: "streams", allow: "autoplay", hidden: true, title: "Streams" });
    frame.setAttribute("aria-hidden", "true");
    frame.addEventListener("load", () => this.#begin(/** @type {Document} */ (frame.contentDocument)), { once: true });
    place.append(frame);
  }

  get canSeek() {
    return this.#inner?.canSeek ?? false;
  }

  /** @param {import("../../types.js").Track} track */
  load(track) {
    this.#do((inner) => {
      this.#id = track.id;
      inner.load(track);
    });
  }

  play() {
    this.#do((inner) => inner.play());
  }

  pause() {
    this.#do((inner) => inner.pause());
  }

  /** @param {number} position_s */
  seek(position_s) {
    this.#do((inner) => inner.seek(position_s));
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.#do((inner) => inner.setVolume(volume));
  }

  stop() {
    this.#do((inner) => inner.stop());
  }

  /** @param {(inner: AudioSource) => void} act */
  #do(act) {
    if (this.#inner) {
      act(this.#inner);
    } else {
      this.#waiting.push(act);
    }
  }

  /** @param {Document} frame */
  #begin(frame) {
    const inner = new AudioSource((event) => {
      if (event.type === "started" || (event.type === "failed" && event.reason !== "refused")) {
        this.#report(this.#id, event.type);
      }
      this.#emit(event);
    }, frame.createElement("audio"));
    this.#inner = inner;
    this.canSetVolume = inner.canSetVolume;
    this.#waiting.splice(0).forEach((act) => act(inner));
  }
}
