/**
 * Tracks without a network: the starter table's lists, which the service worker keeps. Answers as the wire does.
 */

const ADDRESS = "/device/cards.json";

export class StarterTracks {
  /** @type {Map<string, number>} how many lists of each kind were given */ #given = new Map();

  /**
   * @param {{emotion: import("../types.js").EmotionName, goal: import("../types.js").Goal}} wish
   * @returns {Promise<import("../types.js").SnapReply>} rejects where the lists were never fetched
   */
  async snap({ emotion, goal }) {
    const response = await fetch(ADDRESS);
    if (!response.ok) {
      throw new Error(`Expected ${ADDRESS}, got status ${response.status}.`);
    }
    const { tracks, lists } = await response.json();
    const kind = `${emotion} ${goal}`;
    const turn = this.#given.get(kind) ?? 0;
    this.#given.set(kind, turn + 1);
    const choice = lists[emotion][goal];
    return {
      emotion,
      goal,
      provider: "catalogue",
      note: "",
      tracks: choice[turn % choice.length].map((/** @type {string} */ id) => card(id, tracks[id])),
      path: [],
      problem: null,
    };
  }
}

/** @param {string} id @param {[string, string, number|null]} facts @returns {import("../types.js").Track} */
function card(id, [title, artist, year]) {
  return { id, title, artist, year, url: `https://open.spotify.com/track/${id}` };
}
