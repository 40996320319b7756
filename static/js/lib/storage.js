/**
 * What this browser remembers for the listener. Private windows may refuse storage: then it lasts as long as the page.
 */

const PREFIX = "feelharmonic.";

/** @param {"localStorage"|"sessionStorage"} which the browser's, or this tab's alone */
export function storage(which) {
  return {
    /** @param {string} name @returns {string|null} */
    get(name) {
      try {
        return window[which].getItem(PREFIX + name);
      } catch {
        return null;
      }
    },
    /** @param {string} name @param {string|null} value null forgets it */
    set(name, value) {
      try {
        if (value === null) {
          window[which].removeItem(PREFIX + name);
        } else {
          window[which].setItem(PREFIX + name, value);
        }
      } catch {
        // Nothing is remembered then.
      }
    },
  };
}
