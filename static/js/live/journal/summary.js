/**
 * What a journal tells: the mood of each part of a day or a week, and which tracks the mood rose with. Pure.
 */

/** @typedef {import("./store.js").Minute} Minute */
/** @typedef {import("./store.js").Play} Play */

const DAY_MINUTES = 24 * 60;
/** The mood before a track is that of these minutes, the mood after it that of as many from its second minute on. */
const AROUND_MINUTES = 3;
/** A rise of valence that is worth telling. */
const MIN_RISE = 0.1;
const MOST_LIFTING = 5;

/**
 * @param {Minute[]} minutes
 * @param {number} first minute of the first cell
 * @param {number} count of cells
 * @param {number} length_minutes of a cell
 * @returns {(string|null)[]} for each cell the mood that held longest; null where none was read
 */
export function cells(minutes, first, count, length_minutes) {
  /** @type {Record<string, number>[]} */ const sums = Array.from({ length: count }, () => ({}));
  for (const { minute, moods } of minutes) {
    const sum = sums[Math.floor((minute - first) / length_minutes)];
    for (const [mood, seconds] of sum ? Object.entries(moods) : []) {
      sum[mood] = (sum[mood] ?? 0) + seconds;
    }
  }
  return sums.map((sum) => Object.entries(sum).sort(([, a], [, b]) => b - a)[0]?.[0] ?? null);
}

/** @param {Date} at @returns {number} the minute in which that day begins where the listener is */
export function dayStart(at) {
  return Math.floor(new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime() / 60_000);
}

/** The day's quarters of an hour. @param {Minute[]} minutes @param {Date} now */
export function dayCells(minutes, now) {
  return cells(minutes, dayStart(now), DAY_MINUTES / 15, 15);
}

/** The hours of the last seven days, oldest day first. @param {Minute[]} minutes @param {Date} now @returns {{at: Date, hours: (string|null)[]}[]} */
export function weekCells(minutes, now) {
  return [6, 5, 4, 3, 2, 1, 0].map((days) => {
    const at = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
    return { at, hours: cells(minutes, dayStart(at), 24, 60) };
  });
}

/** @param {(string|null)[]} shown cells @returns {{mood: string, share: number}[]} the strongest first, shares of the cells with a mood */
export function shares(shown) {
  const seen = shown.flatMap((mood) => mood ?? []);
  const names = [...new Set(seen)];
  return names
    .map((mood) => ({ mood, share: seen.filter((other) => other === mood).length / seen.length }))
    .sort((a, b) => b.share - a.share);
}

/**
 * Tracks after which the mood was brighter than before, the largest rise first. No proof that they caused it.
 * @param {Minute[]} minutes @param {Play[]} plays
 * @returns {{track: import("../../types.js").Track, rise: number, times: number}[]}
 */
export function lifting(minutes, plays) {
  const valence = new Map(minutes.map(({ minute, valence: sum, seconds }) => [minute, seconds ? sum / seconds : 0]));
  /** @type {Map<string, {track: import("../../types.js").Track, rises: number[]}>} */ const tracks = new Map();
  for (const { at_ms, track } of plays) {
    const start = Math.floor(at_ms / 60_000);
    const before = meanOf(valence, start - AROUND_MINUTES + 1, start);
    const after = meanOf(valence, start + 2, start + 1 + AROUND_MINUTES);
    if (before !== null && after !== null) {
      const known = tracks.get(track.id) ?? { track, rises: [] };
      known.rises.push(after - before);
      tracks.set(track.id, known);
    }
  }
  return [...tracks.values()]
    .map(({ track, rises }) => ({ track, rise: rises.reduce((sum, rise) => sum + rise, 0) / rises.length, times: rises.length }))
    .filter(({ rise }) => rise >= MIN_RISE)
    .sort((a, b) => b.rise - a.rise)
    .slice(0, MOST_LIFTING);
}

/** @param {Map<number, number>} values by minute @param {number} first @param {number} last @returns {number|null} null where there is none */
function meanOf(values, first, last) {
  const found = [];
  for (let minute = first; minute <= last; minute += 1) {
    const value = values.get(minute);
    if (value !== undefined) {
      found.push(value);
    }
  }
  return found.length ? found.reduce((sum, value) => sum + value, 0) / found.length : null;
}
