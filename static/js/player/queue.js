/**
 * The play queue: its entries in their order, which of them is current, what was played in this tab, so that nothing
 * repeats, and which tracks the source no longer has. Pure.
 */

/** Played tracks that are remembered, in this tab only. */
export const MAX_RECENT = 60;
/** Tracks that are remembered as gone, likewise. */
export const MAX_GONE = 200;
export const MAX_ENTRIES = 200;

/**
 * @typedef {import("../types.js").QueueEntry} QueueEntry
 * @typedef {{entries: QueueEntry[], index: number, recent: string[], gone: string[]}} StoredQueue
 */

export class PlayQueue {
  /** @type {QueueEntry[]} */ entries = [];
  /** Of the current entry; -1 where the queue is empty. */ index = -1;
  /** Ids of the tracks that were played, the newest last. @type {string[]} */ recent = [];
  /** Ids of the tracks that the source does not have. @type {string[]} */ gone = [];

  /** @returns {QueueEntry|null} */
  get current() {
    return this.entries[this.index] ?? null;
  }

  /** @returns {QueueEntry[]} what is still to come */
  get upcoming() {
    return this.entries.slice(this.index + 1);
  }

  get isEmpty() {
    return this.entries.length === 0;
  }

  get hasNext() {
    return this.index + 1 < this.entries.length;
  }

  /** A new queue, from its first entry. @param {QueueEntry[]} entries */
  replace(entries) {
    this.entries = unique(this.#withoutGone(entries)).slice(0, MAX_ENTRIES);
    this.index = this.entries.length ? 0 : -1;
  }

  /** Entries that are in the queue already stay where they are. @param {QueueEntry[]} entries */
  append(entries) {
    this.entries = unique([...this.entries, ...this.#withoutGone(entries)]).slice(0, MAX_ENTRIES);
    this.index = Math.max(this.index, this.entries.length ? 0 : -1);
  }

  /** What is still to come, planned anew; the current entry stays. @param {QueueEntry[]} entries */
  replan(entries) {
    const past = this.entries.slice(0, this.index + 1);
    this.entries = unique([...past, ...this.#withoutGone(entries)]).slice(0, MAX_ENTRIES);
    this.index = Math.max(this.index, this.entries.length ? 0 : -1);
  }

  /** New entries after the one at `index`; those that are in the queue already stay where they are. @param {number} index @param {QueueEntry[]} entries */
  insert(index, entries) {
    const { current } = this;
    const coming = this.#withoutGone(entries).filter(({ track }) => !this.entries.some((entry) => entry.track.id === track.id));
    this.entries.splice(index + 1, 0, ...coming);
    this.entries.length = Math.min(this.entries.length, MAX_ENTRIES);
    this.index = current ? this.entries.indexOf(current) : this.entries.length ? 0 : -1;
  }

  /** @param {number} index @returns {boolean} whether there is such an entry */
  jump(index) {
    if (!(index in this.entries)) {
      return false;
    }
    this.index = index;
    return true;
  }

  /** Moves an entry; the current one stays current. @param {number} from @param {number} to */
  move(from, to) {
    if (!(from in this.entries) || !(to in this.entries) || from === to) {
      return false;
    }
    const current = this.current;
    this.entries.splice(to, 0, ...this.entries.splice(from, 1));
    this.index = this.entries.findIndex((entry) => entry === current);
    return true;
  }

  /** Where the current entry goes, the one after it becomes current. @param {number} index @returns {boolean} whether the current entry went */
  remove(index) {
    if (!(index in this.entries)) {
      return false;
    }
    const isCurrent = index === this.index;
    this.entries.splice(index, 1);
    if (index < this.index) {
      this.index -= 1;
    }
    this.index = Math.min(this.index, this.entries.length - 1);
    return isCurrent;
  }

  /** The current track has really begun to play. */
  played() {
    const id = this.current?.track.id;
    if (id) {
      this.recent = [...this.recent.filter((other) => other !== id), id].slice(-MAX_RECENT);
    }
  }

  /** The source does not have the current track: lists that come later leave it out. */
  markGone() {
    const id = this.current?.track.id;
    if (id) {
      this.gone = [...this.gone.filter((other) => other !== id), id].slice(-MAX_GONE);
    }
  }

  /** Whether it was played in this tab, is gone or is in the queue. @param {string} id */
  knows(id) {
    return this.recent.includes(id) || this.gone.includes(id) || this.entries.some(({ track }) => track.id === id);
  }

  /** @returns {string} JSON */
  stored() {
    return JSON.stringify({ entries: this.entries, index: this.index, recent: this.recent, gone: this.gone });
  }

  /** @param {string|null} text what `stored` gave; anything else leaves the queue empty */
  restore(text) {
    /** @type {Partial<StoredQueue>|null} */ let stored = null;
    try {
      stored = JSON.parse(text ?? "null");
    } catch {
      // Somebody else wrote it.
    }
    if (stored && Array.isArray(stored.entries) && stored.entries.every((entry) => typeof entry?.track?.id === "string")) {
      this.entries = unique(stored.entries).slice(0, MAX_ENTRIES);
      this.index = this.entries.length ? Math.min(Math.max(Number(stored.index) || 0, 0), this.entries.length - 1) : -1;
      this.recent = texts(stored.recent).slice(-MAX_RECENT);
      this.gone = texts(stored.gone).slice(-MAX_GONE);
    }
  }

  /** Who asks for nothing but tracks that are gone has them tried again. @param {QueueEntry[]} entries */
  #withoutGone(entries) {
    const there = entries.filter(({ track }) => !this.gone.includes(track.id));
    return there.length ? there : entries;
  }
}

/** @param {unknown} value @returns {string[]} */
function texts(value) {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** Each track once, the first time that it comes. @param {QueueEntry[]} entries */
function unique(entries) {
  const seen = new Set();
  return entries.filter(({ track }) => !seen.has(track.id) && seen.add(track.id));
}
