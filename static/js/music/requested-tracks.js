/**
 * Tracks over REST, for pages without a live connection.
 */

import { requestJson } from "../lib/http.js";

const COUNT = 8;
const TIMEOUT_MS = 30_000;

/**
 * @param {import("../types.js").EmotionName} emotion @param {import("../types.js").Goal} goal
 * @returns {Promise<{tracks: import("../types.js").Track[], note: string}>}
 * @throws {import("../lib/http.js").HttpFault}
 */
export function requestTracks(emotion, goal) {
  return requestJson(`api/v1/tracks?emotion=${emotion}&goal=${goal}&n=${COUNT}`, { timeout_ms: TIMEOUT_MS });
}
