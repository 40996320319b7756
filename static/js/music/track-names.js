/**
 * Track ids → what the server knows of them, for links that hold ids only. A server that does not answer is no fault: the
 * players tell the titles as well.
 */

const DEADLINE_MS = 2500;

/** @param {string[]} ids @returns {Promise<Map<string, import("../types.js").Track>>} those that the server knows */
export async function namedTracks(ids) {
  try {
    const address = `api/v1/tracks?ids=${ids.join(",")}`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(DEADLINE_MS) });
    const { tracks } = answer.ok ? await answer.json() : { tracks: [] };
    return new Map(tracks.map((/** @type {import("../types.js").Track} */ track) => [track.id, track]));
  } catch {
    return new Map();
  }
}
