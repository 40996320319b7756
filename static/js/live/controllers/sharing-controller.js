/**
 * Lists as links: passes the shown list on, opens a link that somebody shared.
 */

import { fromHash, toLink } from "../../lib/link.js";
import { trackUrl } from "../../lib/track-id.js";
import { namedTracks } from "../../music/track-names.js";
import { SharePanel } from "../../views/sharing/share-panel.js";

export class SharingController {
  #page;
  #mood;
  #tracks;
  #panel;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("./mood-controller.js").MoodController} mood
   * @param {import("./tracks-controller.js").TracksController} tracks
   */
  constructor(page, mood, tracks) {
    this.#page = page;
    this.#mood = mood;
    this.#tracks = tracks;
    this.#panel = new SharePanel({ t: page.t, say: (text, how) => page.confirm(text, how), shared: () => this.#shared() });
    window.addEventListener("hashchange", () => this.#open());
    this.#open();
  }

  /** Opens or closes the ways of sharing. */
  toggle() {
    this.#panel.toggle();
  }

  /** @returns {import("../../views/sharing/share-panel.js").Shared|null} */
  #shared() {
    const { served, goal } = this.#page.values;
    const { title, name, tracks } = this.#tracks.list;
    const emotion = served && this.#page.emotions.get(served);
    if (!emotion) {
      return null;
    }
    const page = `${location.origin}${location.pathname}`;
    return { emotion, title, name, tracks, link: toLink(page, { emotion: emotion.name, goal, ids: tracks.map(({ id }) => id) }) };
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
