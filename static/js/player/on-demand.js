/**
 * The player, loaded when it is first needed: a page without tracks does not load it.
 */

import { lazy, loadSheet } from "../lib/lazy.js";

/** @typedef {import("./mount.js").MountedPlayer} MountedPlayer */

const SHEET = "static/player.css";

export class OnDemandPlayer {
  #page;
  #loading = lazy(() => this.#load());
  /** @type {MountedPlayer|null} */ mounted = null;

  /** @param {import("./mount.js").PlayerPage} page */
  constructor(page) {
    this.#page = page;
    // What a reload brings back; the name is the one in mount.js, which is not loaded yet.
    if (page.session.get("queue") !== null) {
      this.get();
    }
  }

  /** @returns {Promise<MountedPlayer>} */
  get() {
    return this.#loading();
  }

  async #load() {
    const [{ mountPlayer }] = await Promise.all([import("./mount.js"), loadSheet(SHEET)]);
    this.mounted = mountPlayer(this.#page);
    return this.mounted;
  }
}
