/**
 * Plays a queue from track to track. Knows sources by their interface only; no page texts, no elements.
 */

import { State } from "../lib/state.js";
import { PlayQueue } from "./queue.js";

/** Tracks in a row that fail before the queue stops. */
export const MAX_FAILURES = 3;
/** Where one track fails so, all of its source would: the queue stops at once. @type {Set<FailReason>} */
const STOPPING = new Set(["offline", "blocked", "no_device", "premium_required", "not_connected"]);
/** "Back" goes to the start of a track that has played for longer. */
const RESTART_S = 4;
/** "Follow my mood" changes the station no more often than this. */
export const MIN_STATION_S = 600;

/** @typedef {import("./queue.js").QueueEntry} QueueEntry */
/** @typedef {import("./sources/source.js").Source} Source */
/** @typedef {import("./sources/source.js").FailReason} FailReason */

/**
 * @typedef {Object} PlayerState
 * @property {"empty"|"paused"|"loading"|"playing"} phase
 * @property {QueueEntry|null} current
 * @property {number} revision of the queue: changes with every change of it
 * @property {number} position_s
 * @property {number} duration_s 0 while it is not known
 * @property {boolean} preview whether a track was seen that plays 30 s only
 * @property {number} volume 0..1, where the source takes one
 * @property {{reason: FailReason, title: string, stopped: boolean}|null} problem the newest, null once something plays;
 *   `stopped`: whether MAX_FAILURES in a row have stopped the queue, the last for that reason
 */

export class Player {
  queue = new PlayQueue();
  #makeSource;
  #store;
  /** @type {Source|null} */ #source = null;
  /** Which track the source has. @type {string|null} */ #loaded = null;
  #failures = 0;
  /** Whether the station that plays belongs to an earlier mood. */ #leavesStation = false;
  /** Whether the current track came because the one before failed. */ #skipped = false;
  /** @type {(() => void)[]} */ #nearEnd = [];

  state = new State(/** @type {PlayerState} */ ({
    phase: "empty",
    current: null,
    revision: 0,
    position_s: 0,
    duration_s: 0,
    preview: false,
    volume: 1,
    problem: null,
  }));

  /**
   * @param {(emit: (event: import("./sources/source.js").SourceEvent) => void) => Source} makeSource called with the first play, not before
   * @param {{get: () => string|null, set: (text: string) => void}} store the queue's, of this tab
   */
  constructor(makeSource, store) {
    this.#makeSource = makeSource;
    this.#store = store;
    this.queue.restore(store.get());
    this.#changed({ phase: this.queue.isEmpty ? "empty" : "paused" });
  }

  get values() {
    return this.state.values;
  }

  get canSeek() {
    return this.#source?.canSeek ?? false;
  }

  get canSetVolume() {
    return this.#source?.canSetVolume ?? false;
  }

  /** Whether the volume is that of the listener's device, which this page does not remember. */
  get ownVolume() {
    return this.#source?.ownVolume ?? false;
  }

  get isActive() {
    return this.values.phase === "playing" || this.values.phase === "loading";
  }

  /** Calls `listener` whenever another track became current. @param {() => void} listener */
  onAdvance(listener) {
    this.#nearEnd.push(listener);
  }

  /** @param {QueueEntry[]} entries @param {"append"|"replace"} how */
  fill(entries, how) {
    const before = this.queue.current?.track.id;
    if (how === "append") {
      this.queue.append(entries);
    } else {
      this.queue.replace(entries);
    }
    if (this.isActive && this.queue.current?.track.id !== before) {
      this.#begin();
    } else {
      this.#changed({ phase: this.queue.isEmpty ? "empty" : this.values.phase === "empty" ? "paused" : this.values.phase });
    }
  }

  /** @param {number} index after which they come @param {QueueEntry[]} entries */
  insert(index, entries) {
    this.queue.insert(index, entries);
    this.#changed({ phase: this.queue.isEmpty ? "empty" : this.values.phase === "empty" ? "paused" : this.values.phase });
  }

  /** @param {QueueEntry[]} entries what comes after the current track */
  replan(entries) {
    this.queue.replan(entries);
    this.#changed({ phase: this.queue.isEmpty ? "empty" : this.values.phase === "empty" ? "paused" : this.values.phase });
  }

  /** Another mood holds: a station, which never ends, gives way to the next one, once it has played for ten minutes. */
  followMood() {
    this.#leavesStation = this.queue.current?.track.id.startsWith("radio:") ?? false;
    this.#leaveStation();
  }

  #leaveStation() {
    if (this.#leavesStation && this.isActive && this.values.position_s >= MIN_STATION_S && this.queue.hasNext) {
      this.#leavesStation = false;
      this.next();
    }
  }

  toggle() {
    if (this.isActive) {
      this.pause();
    } else {
      this.play();
    }
  }

  play() {
    const { current } = this.queue;
    if (!current || this.isActive) {
      return;
    }
    if (this.#loaded !== current.track.id) {
      this.#forgive();
      this.#begin();
      return;
    }
    this.#source?.play();
    this.state.update({ phase: this.values.position_s > 0 ? "playing" : "loading", problem: null });
  }

  pause() {
    if (this.isActive) {
      this.#source?.pause();
      this.state.update({ phase: "paused" });
    }
  }

  next() {
    this.#forgive();
    if (this.queue.hasNext) {
      this.#go(this.queue.index + 1);
    }
  }

  back() {
    this.#forgive();
    if (this.values.position_s > RESTART_S || this.queue.index <= 0) {
      this.seek(0);
    } else {
      this.#go(this.queue.index - 1);
    }
  }

  /** Plays an entry. @param {number} index */
  jump(index) {
    this.#forgive();
    if (this.queue.jump(index)) {
      this.#begin();
    }
  }

  /** Another source may have the current track from now on: it begins anew, where it plays. */
  reload() {
    if (this.isActive) {
      this.#begin();
    } else {
      this.#stop();
      this.#changed({ position_s: 0, duration_s: 0 });
    }
  }

  /** @param {number} position_s */
  seek(position_s) {
    if (this.#source?.canSeek && this.#loaded === this.queue.current?.track.id) {
      this.#source.seek(position_s);
      this.state.update({ position_s });
    }
  }

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.#source?.setVolume?.(volume);
    this.state.update({ volume });
  }

  /** @param {number} from @param {number} to */
  move(from, to) {
    if (this.queue.move(from, to)) {
      this.#changed();
    }
  }

  /** @param {number} index */
  remove(index) {
    const wentCurrent = this.queue.remove(index);
    if (wentCurrent && this.isActive && this.queue.current) {
      this.#begin();
    } else if (this.queue.isEmpty) {
      this.#stop();
      this.#changed({ phase: "empty" });
    } else {
      this.#changed(wentCurrent ? { position_s: 0, duration_s: 0 } : {});
    }
  }

  clear() {
    this.#stop();
    this.queue.replace([]);
    this.#changed({ phase: "empty", problem: null, position_s: 0, duration_s: 0 });
  }

  /** The listener chose what plays: earlier failures no longer count. */
  #forgive() {
    this.#failures = 0;
    this.#skipped = false;
  }

  /** To another entry: it plays if something played, else it waits. @param {number} index */
  #go(index) {
    this.queue.jump(index);
    if (this.isActive) {
      this.#begin();
    } else {
      this.#changed({ position_s: 0, duration_s: 0 });
      this.#nearEnd.forEach((listener) => listener());
    }
  }

  /** Loads the current track and plays it. */
  #begin() {
    const { current } = this.queue;
    if (!current) {
      return;
    }
    if (!this.#skipped) {
      this.state.update({ problem: null });
    }
    if (!this.#source) {
      this.#source = this.#makeSource((event) => this.#receive(event));
      this.#source.setVolume?.(this.values.volume);
    }
    this.#loaded = current.track.id;
    this.#leavesStation = false;
    this.#source.load(current.track);
    this.#source.play();
    this.#changed({ phase: "loading", position_s: 0, duration_s: 0 });
    this.#nearEnd.forEach((listener) => listener());
  }

  #stop() {
    this.#source?.stop();
    this.#loaded = null;
  }

  /** @param {import("./sources/source.js").SourceEvent} event */
  #receive(event) {
    if (this.#loaded === null || this.#loaded !== this.queue.current?.track.id) {
      return;
    }
    switch (event.type) {
      case "started":
        this.#failures = 0;
        this.queue.played();
        this.#store.set(this.queue.stored());
        // What was skipped is said for as long as the next track plays.
        this.state.update({ phase: "playing", preview: this.values.preview || event.preview, ...(!this.#skipped && { problem: null }) });
        break;
      case "progress":
        this.state.update({
          position_s: event.position_s,
          duration_s: event.duration_s,
          ...(this.values.phase === "loading" && { phase: "playing" }),
        });
        this.#leaveStation();
        break;
      case "paused":
        this.state.update({ phase: "paused" });
        break;
      case "resumed":
        this.state.update({ phase: "playing", problem: null });
        break;
      case "volume":
        this.state.update({ volume: event.volume });
        break;
      case "ending":
        if (this.queue.hasNext) {
          this.#skipped = false;
          this.#advance();
        }
        break;
      case "ended":
        this.#skipped = false;
        this.#advance();
        break;
      case "failed":
        this.#fail(event.reason);
    }
  }

  #advance() {
    if (this.queue.hasNext) {
      this.queue.jump(this.queue.index + 1);
      this.#begin();
    } else {
      // The last track stays current, ready to be played again.
      this.#stop();
      this.#changed({ phase: "paused", position_s: 0 });
    }
  }

  /** @param {FailReason} reason */
  #fail(reason) {
    const problem = { reason, title: this.queue.current?.track.title ?? "", stopped: false };
    if (reason === "refused") {
      // Not the track's fault: it stays, and a press plays it.
      this.state.update({ phase: "paused", problem });
      return;
    }
    if (reason === "gone") {
      this.queue.markGone();
    }
    this.#failures += 1;
    if (STOPPING.has(reason) || this.#failures >= MAX_FAILURES) {
      this.#stop();
      this.#changed({ phase: "paused", problem: { ...problem, stopped: !STOPPING.has(reason) } });
      return;
    }
    this.#skipped = true;
    this.state.update({ problem });
    this.#advance();
  }

  /** The queue has changed. @param {Partial<PlayerState>} [changes] */
  #changed(changes = {}) {
    this.#store.set(this.queue.stored());
    this.state.update({ ...changes, current: this.queue.current, revision: this.values.revision + 1 });
  }
}
