/**
 * The player of the live page: lists fill its queue, cards play in it, keys reach it.
 */

import { OnDemandPlayer } from "../../player/on-demand.js";

export class PlayerController {
  #page;
  #player;
  /** Set by who passes feedback on. @type {NonNullable<import("../../player/mount.js").PlayerPage["onFeedback"]>} */ onFeedback = async () => [];
  /** Set by who asks for songs. @type {() => Promise<void>|void} */ onMusicFrom = () => undefined;

  /** @param {import("../page.js").Page} page */
  constructor(page) {
    this.#page = page;
    this.#player = new OnDemandPlayer({
      t: page.t,
      session: page.session,
      preferences: page.preferences,
      onFeedback: (entry, like) => this.onFeedback(entry, like),
      onMusicFrom: () => this.onMusicFrom(),
    });
  }

  /** @param {import("../../types.js").QueueEntry[]} entries a new list */
  async fill(entries) {
    await (await this.#player.get()).fill(entries);
  }

  /**
   * What `ask` gives, without what this tab has played.
   * @template {{reply: import("../../types.js").SnapReply}} Answer
   * @param {() => Promise<Answer>} ask
   * @returns {Promise<Answer>}
   */
  async fresh(ask) {
    const known = this.#page.session.get("queue") !== null && (await this.#player.get().catch(() => null));
    return known ? known.fresh(ask) : ask();
  }

  /** @param {import("../../types.js").Track} track @param {string} why */
  playTrack = async (track, why) => {
    (await this.#player.get()).playNow({ track, place: null, why });
  };

  /**
   * What the listener said about a track changes what is to come.
   * @param {string} id @param {import("../../types.js").QueueEntry} entry the answer @param {boolean} like
   */
  answer(id, entry, like) {
    const { player } = this.#player.mounted ?? {};
    if (!player) {
      return;
    }
    const { upcoming } = player.queue;
    const at = upcoming.findIndex(({ track }) => track.id === id);
    const rest = at >= 0 && !like ? upcoming.toSpliced(at, 1, entry) : upcoming.toSpliced(at + 1, 0, entry);
    player.replan(rest);
  }

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
