/**
 * The player of the live page: lists fill its queue, cards play in it, keys reach it.
 */

import { OnDemandPlayer } from "../../player/on-demand.js";

export class PlayerController {
  #player;
  /** Set by who passes feedback on. @type {(id: string, like: boolean) => void} */ onFeedback = () => undefined;

  /** @param {import("../page.js").Page} page */
  constructor(page) {
    this.#player = new OnDemandPlayer({
      t: page.t,
      session: page.session,
      preferences: page.preferences,
      onFeedback: (id, like) => this.onFeedback(id, like),
    });
  }

  /** @param {import("../../types.js").QueueEntry[]} entries a new list */
  async fill(entries) {
    await (await this.#player.get()).fill(entries);
  }

  /** @param {import("../../types.js").Track} track @param {string} why */
  playTrack = async (track, why) => {
    (await this.#player.get()).playNow({ track, place: null, why });
  };

  /** @returns {Promise<import("../../player/mount.js").MountedPlayer>} */
  mounted() {
    return this.#player.get();
  }

  // The keys; before there is a queue they do nothing.

  toggle() {
    this.#player.mounted?.toggle();
  }

  next() {
    this.#player.mounted?.next();
  }

  back() {
    this.#player.mounted?.back();
  }
}
