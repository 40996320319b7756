/**
 * The page wears the mood's colour: three variables on the root element, from which the stylesheet makes all else.
 */

/** @param {import("./types.js").Emotion} emotion */
export function wear(emotion) {
  const { style } = document.documentElement;
  style.setProperty("--accent-light", emotion.colour.light);
  style.setProperty("--accent-dark", emotion.colour.dark);
  style.setProperty("--glow", emotion.colour.glow);
}

/** @param {HTMLElement} element gets the emotion's own colour as --own @param {import("./types.js").Emotion} emotion */
export function own(element, emotion) {
  element.style.setProperty("--own", emotion.colour.glow);
}
