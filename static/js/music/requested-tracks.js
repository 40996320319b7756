/**
 * Tracks over REST, for pages without a live connection.
 */

import { requestJson } from "../lib/http.js";

const COUNT = 8;
const TIMEOUT_MS = 30_000;

/** As many ids as a request may carry. */
const MAX_IDS = 50;

/** @typedef {{given?: string[], liked?: string[], disliked?: string[], n?: number}} Judged what the listener had and said of it, ids oldest first */

/**
 * @param {import("../types.js").EmotionName} emotion @param {import("../types.js").Goal} goal
 * @param {Judged} [judged]
 * @returns {Promise<{tracks: import("../types.js").Track[], note: string}>}
 * @throws {import("../lib/http.js").HttpFault}
 */
export function requestTracks(emotion, goal, { n = COUNT, ...judged } = {}) {
  const query = new URLSearchParams({ emotion, goal, n: String(n) });
  for (const [name, ids] of Object.entries(judged)) {
    if (ids.length) {
      query.set(name, ids.slice(-MAX_IDS).join(","));
    }
  }
  return requestJson(`api/v1/tracks?${query}`, { timeout_ms: TIMEOUT_MS });
}
