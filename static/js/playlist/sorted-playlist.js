/**
 * A playlist's text → its tracks by mood, over REST; and back as CSV. No page texts.
 */

const DEADLINE_MS = 30_000;

/** @typedef {import("../types.js").PlacedTrack} PlacedTrack */
/** @typedef {{tracks: PlacedTrack[], unknown: {artist: string, title: string}[]}} SortedPlaylist */

/** Why nothing was sorted; the message is the server's, or empty where it did not answer. */
export class PlaylistFault extends Error {}

/** @param {string} text @param {string} emotion @param {string} goal @returns {Promise<SortedPlaylist>} @throws {PlaylistFault} */
export async function sorted(text, emotion, goal) {
  const body = JSON.stringify({ text, emotion, goal });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("api/v1/playlists/sorted", { method: "POST", headers, body, signal: AbortSignal.timeout(DEADLINE_MS) }).catch(() => {
    throw new PlaylistFault("");
  });
  const document = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new PlaylistFault(document.detail ?? "");
  }
  return document;
}

/** Rows as the text that `sorted` reads. @param {{id: string, artist: string, title: string}[]} tracks */
export function asText(tracks) {
  return ["id,artist,title", ...tracks.map(({ id, artist, title }) => [id, artist, title].map(quoted).join(","))].join("\n");
}

/** @param {PlacedTrack[]} tracks @returns {string} */
export function asCsv(tracks) {
  const rows = tracks.map(({ id, artist, title, mood, confidence, valence, energy, distance }) =>
    [id, artist, title, mood, confidence, valence, energy, distance].map((value) => cell(String(value))).join(","),
  );
  return ["id,artist,title,mood,confidence,valence,energy,distance", ...rows].join("\r\n") + "\r\n";
}

/** A quoted cell; what a spreadsheet would run as a formula is made text. @param {string} value */
function cell(value) {
  const harmless = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return quoted(harmless);
}

/** @param {string} value */
function quoted(value) {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
