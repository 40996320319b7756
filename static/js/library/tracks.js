/**
 * The library's tracks as the server tells them, searched and put into words. Pure.
 */

/**
 * @typedef {{key: string, title: string, artist: string, album: string, year: number|null, valence: number, energy: number,
 *   method: "name"|"sound"|"vibenet", placed: boolean, tempo: number, loudness: number, pitch_class: number|null,
 *   mode: number|null, duration_s: number}} LibraryTrack
 */

const PITCHES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];

/** @param {string[]} fields @param {unknown[][]} rows @returns {LibraryTrack[]} */
export function tracksOf(fields, rows) {
  return rows.map((row) => /** @type {any} */ (Object.fromEntries(fields.map((name, place) => [name, row[place]]))));
}

/** The indices of the tracks whose title, artist or album hold every word; null where nothing is searched for. @param {LibraryTrack[]} tracks @param {string} text */
export function search(tracks, text) {
  const words = plain(text).split(" ").filter(Boolean);
  if (!words.length) {
    return null;
  }
  return tracks.flatMap((track, index) => {
    const names = plain(`${track.title} ${track.artist} ${track.album}`);
    return words.every((word) => names.includes(word)) ? [index] : [];
  });
}

/** @param {string} text */
function plain(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** @param {LibraryTrack} track @param {import("../types.js").Translate} t @returns {[string, string][]} what is known of it, in words */
export function facts(track, t) {
  const key = track.pitch_class === null ? "–" : t(track.mode ? "library.major" : "library.minor", { key: PITCHES[track.pitch_class] });
  const how = track.placed ? "placed" : track.method;
  return [
    [t("library.how"), t(`library.how.${how}`)],
    [t("library.tempo"), track.tempo ? `${Math.round(track.tempo)} BPM` : "–"],
    [t("library.key"), key],
    [t("library.loudness"), `${track.loudness.toFixed(1)} LUFS`],
  ];
}
