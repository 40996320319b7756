/**
 * Track ids → what the server knows of them, for links that hold ids only. If the server does not answer, nothing is lost:
 * the players show the titles as well.
 */

import { requestJson } from "../lib/http.js";

const TIMEOUT_MS = 2500;

/** @param {string[]} ids @returns {Promise<Map<string, import("../types.js").Track>>} those that the server knows */
export async function namedTracks(ids) {
  const { tracks } = await requestJson(`api/v1/tracks?ids=${ids.join(",")}`, { timeout_ms: TIMEOUT_MS }).catch(() => ({ tracks: [] }));
  return new Map(tracks.map((/** @type {import("../types.js").Track} */ track) => [track.id, track]));
}
