/**
 * Tracks without a network: lists of the starter table, which the service worker keeps. Replies as the server does.
 */

import { requestJson } from "../lib/http.js";
import { trackUrl } from "../lib/track-id.js";

const LISTS_URL = "device/cards.json";

export class OfflineTracks {
  /** @type {Map<string, number>} how many lists of each kind were given */ #given = new Map();

  /**
   * @param {{emotion: import("../types.js").EmotionName, goal: import("../types.js").Goal}} wish
   * @returns {Promise<import("../types.js").SnapReply>}
   * @throws {import("../lib/http.js").HttpFault} if the lists were never fetched
   */
  async snap({ emotion, goal }) {
    const { tracks, lists } = await requestJson(LISTS_URL);
    const kind = `${emotion} ${goal}`;
    const count = this.#given.get(kind) ?? 0;
    this.#given.set(kind, count + 1);
    const choice = lists[emotion][goal];
    return {
      emotion,
      goal,
      provider: "catalogue",
      note: "",
      tracks: choice[count % choice.length].map((/** @type {string} */ id) => track(id, tracks[id])),
      path: [],
      problem: null,
    };
  }
}

/** @param {string} id @param {[string, string, number|null]} facts @returns {import("../types.js").Track} */
function track(id, [title, artist, year]) {
  return { id, title, artist, year, url: trackUrl(id) };
}
