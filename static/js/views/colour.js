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

/** The word's size and its colour's strength follow it. @param {number} sure 0..1 */
export function applyConfidence(sure) {
  document.documentElement.style.setProperty("--sure", sure.toFixed(2));
}
