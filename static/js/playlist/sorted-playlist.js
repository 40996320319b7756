/**
 * A playlist's text → its tracks by mood, over REST; and back as CSV. No page texts.
 */

import { requestJson } from "../lib/http.js";

const TIMEOUT_MS = 30_000;

/** @typedef {import("../types.js").PlacedTrack} PlacedTrack */
/** @typedef {{tracks: PlacedTrack[], unknown: {artist: string, title: string}[]}} SortedPlaylist */

/**
 * @param {string} text @param {string} emotion @param {string} goal
 * @returns {Promise<SortedPlaylist>}
 * @throws {import("../lib/http.js").HttpFault}
 */
export function sortPlaylist(text, emotion, goal) {
  return requestJson("api/v1/playlists/sorted", { method: "POST", json: { text, emotion, goal }, timeout_ms: TIMEOUT_MS });
}

/** Tracks as CSV that the server reads. @param {{id: string, artist: string, title: string}[]} tracks */
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

/** A quoted cell; what a spreadsheet would run as a formula becomes text. @param {string} value */
function cell(value) {
  const safe = /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : value;
  return quoted(safe);
}

/** @param {string} value */
function quoted(value) {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
