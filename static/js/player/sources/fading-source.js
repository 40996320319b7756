/**
 * Two audio elements as one source: a track's last seconds fade out while the next one fades in, and every track sounds about
 * as loud as the others. Both can be switched off while it plays.
 */

/** How long two tracks overlap. */
export const FADE_S = 3;
/** Shorter tracks do not fade: they would do nothing else. */
const MIN_FADED_S = 4 * FADE_S;
/** The loudness that all tracks are played at. Quieter ones stay as they are: an element cannot amplify. */
export const LEVEL_LUFS = -16;
const STEP_MS = 50;

/** @typedef {import("./source.js").Source} Source */
/** @typedef {import("./source.js").SourceEvent} SourceEvent */
/** @typedef {{fade: boolean, level: boolean}} SoundOptions */

/** By how much a track's volume is multiplied, 0..1. @param {number|undefined} loudness LUFS; undefined where nobody measured it */
export function levelOf(loudness) {
  return loudness === undefined ? 1 : Math.min(1, 10 ** ((LEVEL_LUFS - loudness) / 20));
}

/** @implements {Source} */
export class FadingSource {
  #make;
  #emit;
  #options;
  /** @type {{source: Source, level: number, share: number}|null} */ #now = null;
  /** What fades out. @type {{source: Source, level: number, share: number}|null} */ #before = null;
  #volume = 1;
  #isEnding = false;
  #timer = 0;

  /**
   * @param {(emit: (event: SourceEvent) => void) => Source} make makes a source for one element
   * @param {(event: SourceEvent) => void} emit
   * @param {() => SoundOptions} options as they are now
   */
  constructor(make, emit, options) {
    this.#make = make;
    this.#emit = emit;
    this.#options = options;
    this.#now = this.#voice();
  }

  get canSeek() {
    return this.#now?.source.canSeek ?? false;
  }

  get canSetVolume() {
    return this.#now?.source.canSetVolume ?? false;
  }

  /** @param {import("../../types.js").Track} track */
  load(track) {
    this.#endFade();
    if (this.#isEnding) {
      // The idle element of the two: a browser that let both play once lets them play on.
      [this.#before, this.#now] = [this.#now, this.#spare ?? this.#voice()];
      this.#spare = this.#before;
    }
    this.#isEnding = false;
    const now = /** @type {{source: Source, level: number, share: number}} */ (this.#now);
    now.level = this.#options().level ? levelOf(track.loudness) : 1;
    now.share = this.#before ? 0 : 1;
    this.#apply();
    now.source.load(track);
    if (this.#before) {
      this.#timer = window.setInterval(() => this.#step(), STEP_MS);
    }
  }

  /** The element that does not play now. @type {{source: Source, level: number, share: number}|null} */ #spare = null;

  play() {
    this.#now?.source.play();
  }

  pause() {
    this.#endFade();
    this.#now?.source.pause();
  }

  /** @param {number} position_s */
  seek(position_s) {
    this.#isEnding = false;
    this.#now?.source.seek(position_s);
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.#volume = volume;
    this.#apply();
  }

  stop() {
    this.#endFade();
    this.#isEnding = false;
    this.#now?.source.stop();
  }

  /** Another source plays next: what is ending fades out by itself. */
  leave() {
    if (!this.#isEnding) {
      this.stop();
      return;
    }
    this.#endFade();
    this.#isEnding = false;
    [this.#before, this.#now] = [this.#now, this.#spare ?? this.#voice()];
    this.#spare = this.#before;
    this.#timer = window.setInterval(() => this.#step(), STEP_MS);
  }

  /** One element, whose events count while it is the current one. */
  #voice() {
    /** @type {{source: Source, level: number, share: number}} */
    const voice = { source: this.#make((event) => voice === this.#now && this.#receive(event)), level: 1, share: 1 };
    return voice;
  }

  /** @param {SourceEvent} event */
  #receive(event) {
    this.#emit(event);
    if (event.type === "progress" && !this.#isEnding && this.#options().fade && this.canSetVolume) {
      const { position_s, duration_s } = event;
      if (duration_s >= MIN_FADED_S && position_s >= duration_s - FADE_S) {
        this.#isEnding = true;
        this.#emit({ type: "ending" });
      }
    }
  }

  #step() {
    const before = this.#before;
    if (!before || !this.#now) {
      return;
    }
    const change = STEP_MS / 1000 / FADE_S;
    before.share = Math.max(0, before.share - change);
    this.#now.share = Math.min(1, this.#now.share + change);
    this.#apply();
    if (before.share === 0) {
      this.#endFade();
    }
  }

  /** The current track at once at its volume, the one before silent. */
  #endFade() {
    clearInterval(this.#timer);
    this.#before?.source.stop();
    this.#before = null;
    if (this.#now) {
      this.#now.share = 1;
      this.#apply();
    }
  }

  #apply() {
    for (const voice of [this.#now, this.#before]) {
      // The shares' powers add up to one: the sum of two tracks stays about as loud.
      voice?.source.setVolume?.(this.#volume * voice.level * Math.sin((voice.share * Math.PI) / 2));
    }
  }
}
