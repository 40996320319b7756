/**
 * What this browser stores for the listener. Private windows may refuse storage: then nothing is stored.
 */

const PREFIX = "feelharmonic.";

/** @typedef {ReturnType<typeof storage>} BrowserStorage */

/** @param {"localStorage"|"sessionStorage"} which localStorage outlives the tab, sessionStorage does not */
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
    /** @param {string} name @param {string|null} value null removes it */
    set(name, value) {
      try {
        if (value === null) {
          window[which].removeItem(PREFIX + name);
        } else {
          window[which].setItem(PREFIX + name, value);
        }
      } catch {
        // Nothing is stored then.
      }
    },
  };
}
