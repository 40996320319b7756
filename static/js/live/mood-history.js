/**
 * The last minutes of probabilities and moods, kept in this tab only. Pure; times are passed in.
 */

/** Older samples are dropped. */
export const MAX_LENGTH_MS = 10 * 60_000;
/** Least time between two samples: the chart shows no more, and ten minutes stay small. */
const MIN_STEP_MS = 500;

export class MoodHistory {
  /** @type {import("../types.js").Sample[]} */ #samples = [];

  get samples() {
    return this.#samples;
  }

  /**
   * @param {import("../types.js").Sample} sample
   * @returns {boolean} whether it was added
   */
  add(sample) {
    const last = this.#samples.at(-1);
    if (last && sample.at_ms - last.at_ms < MIN_STEP_MS) {
      return false;
    }
    this.#samples.push(sample);
    const oldest_ms = sample.at_ms - MAX_LENGTH_MS;
    while (this.#samples[0].at_ms < oldest_ms) {
      this.#samples.shift();
    }
    return true;
  }

  clear() {
    this.#samples = [];
  }

  /** From the first sample to the last, seconds. */
  get length_s() {
    return this.#samples.length ? (this.#samples[this.#samples.length - 1].at_ms - this.#samples[0].at_ms) / 1000 : 0;
  }

  /** @returns {[string, number][]} each mood and its share of the samples that have one, largest first */
  shares() {
    const held = this.#samples.filter((sample) => sample.mood);
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { mood } of held) {
      counts.set(String(mood), (counts.get(String(mood)) ?? 0) + 1 / held.length);
    }
    return [...counts].sort((one, other) => other[1] - one[1]);
  }

  /** @param {string[]} names of the emotions, in their order */
  toCsv(names) {
    const rows = this.#samples.map(({ at_ms, probabilities, mood, valence, arousal }) =>
      [new Date(at_ms).toISOString(), mood ?? "", ...(probabilities ?? names.map(() => "")), valence ?? "", arousal ?? ""].join(","),
    );
    return `${[["time", "mood", ...names, "valence", "arousal"].join(","), ...rows].join("\r\n")}\r\n`;
  }

  /** @param {string[]} names of the emotions, in their order */
  toJson(names) {
    const samples = this.#samples.map(({ at_ms, probabilities, mood, valence = null, arousal = null }) => ({
      time: new Date(at_ms).toISOString(),
      mood,
      probabilities,
      valence,
      arousal,
    }));
    return JSON.stringify({ emotions: names, samples }, null, 1);
  }

  /** Text for the tab's storage. */
  pack() {
    return JSON.stringify(this.#samples);
  }

  /** Restores what pack() gave; anything else gives an empty history. @param {string|null} text */
  unpack(text) {
    try {
      const samples = JSON.parse(text ?? "[]");
      this.#samples = Array.isArray(samples) ? samples.filter((sample) => Number.isFinite(sample?.at_ms)) : [];
    } catch {
      this.#samples = [];
    }
  }
}
