/**
 * The page wears the mood's colour: three variables on the root element, from which the stylesheet makes all else.
 */

/** @param {import("../types.js").Emotion} emotion */
export function wear(emotion) {
  const { style, dataset } = document.documentElement;
  style.setProperty("--accent-light", emotion.colour.light);
  style.setProperty("--accent-dark", emotion.colour.dark);
  style.setProperty("--glow", emotion.colour.glow);
  dataset.mood = emotion.name;
}
