/**
 * Spotify's track ids: 22 letters and digits.
 */

const TRACK_ID = /^[0-9A-Za-z]{22}$/;

/** @param {string} text */
export function isTrackId(text) {
  return TRACK_ID.test(text);
}

/** @param {string} id @returns {string} the track's page at Spotify */
export function trackUrl(id) {
  return `https://open.spotify.com/track/${id}`;
}
