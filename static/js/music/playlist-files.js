/**
 * The queue as a file: M3U (extended) and JSPF. Pure.
 */

/** @typedef {import("../types.js").Track} Track */

/** @param {Track[]} tracks @returns {string} */
export function toM3u(tracks) {
  const lines = tracks.flatMap(({ title, artist, url }) => [`#EXTINF:-1,${oneLine(artist)} - ${oneLine(title)}`, oneLine(url)]);
  return `${["#EXTM3U", ...lines].join("\n")}\n`;
}

/** @param {string} name @param {Track[]} tracks @returns {string} JSON, as https://xspf.org/jspf says */
export function toJspf(name, tracks) {
  const track = tracks.map(({ title, artist, url }) => ({ title, creator: artist, location: url ? [url] : [] }));
  return `${JSON.stringify({ playlist: { title: name, track } }, null, 2)}\n`;
}

/** A line break in a title would begin a line of its own. @param {string} text */
function oneLine(text) {
  return text.replace(/[\r\n]+/g, " ");
}
