/**
 * Keeps the screen awake while it is wanted (Wake Lock API). Browsers drop the lock of a hidden tab: it is asked for again when the
 * tab is seen.
 */

export class ScreenLock {
  #wanted = false;
  /** @type {Promise<WakeLockSentinel|null>|null} */ #lock = null;

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#wanted) {
        this.#lock = ask();
      }
    });
  }

  /** @param {boolean} wanted */
  hold(wanted) {
    if (wanted === this.#wanted) {
      return;
    }
    this.#wanted = wanted;
    if (wanted) {
      this.#lock = ask();
    } else {
      this.#lock?.then((lock) => lock?.release());
      this.#lock = null;
    }
  }
}

/** @returns {Promise<WakeLockSentinel|null>} null where the browser has none, or refuses it to save power */
async function ask() {
  try {
    return await navigator.wakeLock.request("screen");
  } catch {
    return null;
  }
}
