/**
 * The titles of lists of tracks.
 */

/** @typedef {import("../types.js").Translate} Translate */

/**
 * @param {{emotion: string, label: string, goal: string}} list `label` is the emotion's name on the page
 * @param {Translate} t
 * @returns {string} "Sad songs", or "From sad to brighter" where the goal leads away from the mood
 */
export function listTitle({ emotion, label, goal }, t) {
  return goal === "match" ? t(`tracks.songs.${emotion}`) : t(`tracks.journey.${goal}`, { mood: label.toLowerCase() });
}

/** @param {{label: string}} emotion @param {string} goal @param {Translate} t @returns {string} the title of a sorted playlist */
export function playlistTitle({ label }, goal, t) {
  const mood = label.toLowerCase();
  return goal === "match" ? t("playlist.sorted", { mood }) : t(`tracks.journey.${goal}`, { mood });
}
