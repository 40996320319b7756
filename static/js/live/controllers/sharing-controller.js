/**
 * Lists as links: copies the link of the shown list, opens a link that somebody shared.
 */

import { element } from "../../lib/elements.js";
import { fromHash, toLink } from "../../lib/link.js";
import { trackUrl } from "../../lib/track-id.js";
import { namedTracks } from "../../music/track-names.js";

export class SharingController {
  #page;
  #mood;
  #tracks;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("./mood-controller.js").MoodController} mood
   * @param {import("./tracks-controller.js").TracksController} tracks
   */
  constructor(page, mood, tracks) {
    this.#page = page;
    this.#mood = mood;
    this.#tracks = tracks;
    element("share").addEventListener("click", () => this.#share());
    window.addEventListener("hashchange", () => this.#open());
    this.#open();
  }

  async #share() {
    const { served, goal } = this.#page.values;
    if (!served) {
      return;
    }
    const url = toLink(location.href, { emotion: served, goal, ids: this.#tracks.ids });
    try {
      await navigator.clipboard.writeText(url);
      this.#page.confirm(this.#page.t("tracks.copied"));
    } catch {
      // No clipboard without a secure page or the permission: the link itself is shown.
      this.#page.confirm(this.#page.t("tracks.copy", { url }), { stays: true });
    }
  }

  async #open() {
    const { config, state, t } = this.#page;
    const list = fromHash(location.hash, config);
    if (!list) {
      return;
    }
    state.update({ goal: list.goal, served: list.emotion });
    this.#mood.hold(list.emotion, t("mood.shared"));
    const known = await namedTracks(list.ids);
    const tracks = list.ids.map((id, i) => known.get(id) ?? this.#unnamed(id, i + 1));
    this.#tracks.show(t("tracks.shared", { songs: t(`tracks.songs.${list.emotion}`) }), tracks);
  }

  /** @param {string} id @param {number} number in the list @returns {import("../../types.js").Track} */
  #unnamed(id, number) {
    const { t } = this.#page;
    return { id, title: t("tracks.number", { number }), artist: t("tracks.unknown"), year: null, url: trackUrl(id) };
  }
}
