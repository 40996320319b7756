/**
 * The mood's colour on the page: three variables on the root element, from which the stylesheet derives all others.
 */

/** @param {import("../types.js").Emotion} emotion */
export function applyColour(emotion) {
  const { style, dataset } = document.documentElement;
  style.setProperty("--accent-light", emotion.colour.light);
  style.setProperty("--accent-dark", emotion.colour.dark);
  style.setProperty("--glow", emotion.colour.glow);
  dataset.mood = emotion.name;
}
