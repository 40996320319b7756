/**
 * "Follow my mood": keeps the next five tracks planned, and plans them anew once another mood has held. What plays is never
 * cut. While no camera reads, the last mood holds.
 */

import { FollowMood, fresh, PLANNED } from "../../music/follow-mood.js";

/** A plan that brought nothing is asked for again after this. */
const RETRY_MS = 3000;

export class FollowController {
  #page;
  #tracks;
  #player;
  #follow;
  #watched = false;
  /** Counts plans: one that was overtaken is dropped. */
  #plan = 0;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("./tracks-controller.js").TracksController} tracks
   * @param {import("./player-controller.js").PlayerController} player
   * @param {HTMLInputElement} toggle
   */
  constructor(page, tracks, player, toggle) {
    this.#page = page;
    this.#tracks = tracks;
    this.#player = player;
    this.#follow = new FollowMood(page.config.mood_hold_s);
    toggle.addEventListener("change", () => this.#set(toggle.checked));
    tracks.onServe((emotion) => (this.#follow.emotion = emotion));
    page.state.observe(["reply"], ({ mood, reply }) => this.#follow.read(mood, reply?.probabilities ?? null));
    page.state.observe(["reply", "mood"], ({ mood }) => {
      if (this.#follow.changed(mood, document.hidden)) {
        this.#replan();
      }
    });
    page.state.observe(["goal"], () => this.#follow.on && this.#replan());
    this.#set(toggle.checked);
  }

  /** @param {boolean} on */
  async #set(on) {
    this.#follow.on = on;
    if (!on) {
      return;
    }
    const { player } = await this.#player.mounted();
    if (!this.#watched) {
      this.#watched = true;
      player.onAdvance(() => this.#topUp());
    }
    this.#follow.emotion = this.#page.values.mood?.emotion ?? this.#page.values.served;
    this.#replan();
  }

  /** All that is to come, from where the current track lies. */
  async #replan() {
    const { emotion } = this.#follow;
    const mine = ++this.#plan;
    const { player } = await this.#player.mounted();
    if (!emotion) {
      return;
    }
    const { queue } = player;
    const from = { after: queue.current?.place ?? null, probabilities: this.#follow.mixture };
    const planned = await this.#tracks.plan(emotion, PLANNED, from);
    const past = queue.entries.slice(0, queue.index + 1).map(({ track }) => track.id);
    const entries = fresh(planned, (id) => queue.recent.includes(id) || past.includes(id), PLANNED);
    if (mine !== this.#plan) {
      return;
    }
    if (entries.length) {
      player.replan(entries);
      player.followMood();
    } else if (this.#follow.on) {
      setTimeout(() => mine === this.#plan && this.#replan(), RETRY_MS);
    }
  }

  /** A track began: as many more are planned as there are too few, on from the last one's place. */
  async #topUp() {
    const { emotion, on } = this.#follow;
    const { player } = await this.#player.mounted();
    const { queue } = player;
    const missing = PLANNED - queue.upcoming.length;
    if (!on || !emotion || missing <= 0) {
      return;
    }
    const mine = ++this.#plan;
    const last = queue.upcoming.at(-1) ?? queue.current;
    const from = { after: last?.place ?? null, probabilities: this.#follow.mixture };
    const planned = await this.#tracks.plan(emotion, missing, from);
    if (mine === this.#plan) {
      player.fill(fresh(planned, (id) => queue.knows(id), missing), "append");
    }
  }
}
