/**
 * Where songs come from: the server's usual providers, open catalogues with whole songs, or radio. Remembers for a day which
 * stations and songs of theirs did not play.
 */

/** The preference; it is read where songs are asked for. */
export const MUSIC_FROM_KEY = "music-from";
const FAILED_KEY = "streams-failed";
const MAX_FAILED = 300;
const CHOICES = ["", "audius", "radio"];

export class MusicFrom {
  element = document.createElement("label");
  #preferences;
  #today;

  /**
   * @param {import("../../types.js").Translate} t
   * @param {import("../../lib/storage.js").BrowserStorage} preferences
   * @param {() => void} onChoose
   * @param {() => string} [today] the day, as text
   */
  constructor(t, preferences, onChoose, today = () => new Date().toDateString()) {
    this.#preferences = preferences;
    this.#today = today;
    const select = document.createElement("select");
    select.id = "music-from";
    select.append(...CHOICES.map((choice) => new Option(t(`player.from.${choice || "usual"}`), choice)));
    select.value = CHOICES.includes(preferences.get(MUSIC_FROM_KEY) ?? "") ? (preferences.get(MUSIC_FROM_KEY) ?? "") : "";
    select.addEventListener("change", () => {
      preferences.set(MUSIC_FROM_KEY, select.value || null);
      onChoose();
    });
    const words = Object.assign(document.createElement("span"), { textContent: t("player.from") });
    this.element.className = "player-from";
    this.element.title = t("player.from.note");
    this.element.append(words, select);
  }

  /** @param {string} id of what did not play */
  failed(id) {
    const ids = [...new Set([...this.#failed(), id])].slice(-MAX_FAILED);
    this.#preferences.set(FAILED_KEY, JSON.stringify({ day: this.#today(), ids }));
  }

  /** @param {string} id */
  hasFailed(id) {
    return this.#failed().includes(id);
  }

  /** @returns {string[]} ids, of today */
  #failed() {
    try {
      const { day, ids } = JSON.parse(this.#preferences.get(FAILED_KEY) ?? "{}");
      return day === this.#today() && Array.isArray(ids) ? ids : [];
    } catch {
      return [];
    }
  }
}
