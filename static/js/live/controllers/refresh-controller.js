/**
 * New tracks when the mood changes, if the listener wants them: a first list at once, later ones as an offer.
 */

import { element, input, select } from "../../lib/elements.js";
import { AutoRefresh, HOLD_CHOICES_S } from "../../music/auto-refresh.js";
import { TracksView } from "../../views/tracks-view.js";

export class RefreshController {
  #page;
  #tracks;
  #refresh = new AutoRefresh();
  #offer;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("./tracks-controller.js").TracksController} tracks
   * @param {import("./player-controller.js").PlayerController} player
   */
  constructor(page, tracks, player) {
    this.#page = page;
    this.#tracks = tracks;
    this.#offer = new TracksView(element("offer"), page.t, (id, like) => tracks.feedback(id, like), player.playTrack);
    element("offer-away").addEventListener("click", () => this.#offer.hide());
    const after = select("renew-after");
    after.replaceChildren(...HOLD_CHOICES_S.map((seconds) => new Option(page.t("renew.seconds", { seconds }), String(seconds))));
    after.value = page.preferences.get("renew-after") ?? String(this.#refresh.hold_s);
    after.addEventListener("change", () => this.#apply());
    input("renew-on").addEventListener("change", () => this.#apply());
    this.#apply();
    tracks.onServe((emotion) => this.#refresh.served(emotion));
    page.state.observe(["reply"], () => this.#next());
  }

  #apply() {
    const after = select("renew-after");
    this.#refresh.on = input("renew-on").checked;
    element("renew-after-label").hidden = !this.#refresh.on;
    this.#refresh.hold_s = Number(after.value) || this.#refresh.hold_s;
    this.#page.preferences.set("renew-after", after.value);
  }

  async #next() {
    const { mood, served } = this.#page.values;
    const emotion = this.#refresh.next(mood);
    if (!emotion) {
      return;
    }
    if (!served) {
      this.#tracks.serve(emotion, this.#page.values.reply?.probabilities ?? null);
      return;
    }
    this.#offer.wait();
    const title = this.#page.t("renew.title", { mood: this.#page.label(emotion) });
    const problem = await this.#tracks.ask(this.#offer, emotion, { title: () => title, aside: this.#page.t("renew.note") });
    this.#page.notice.update("snap", problem);
  }
}
