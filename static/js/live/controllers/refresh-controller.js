/**
 * New tracks when the mood changes, if the listener wants them: a first list at once, later ones as an offer.
 */

import { element, input, select } from "../../lib/elements.js";
import { AutoRefresh, HOLD_CHOICES_S } from "../../music/auto-refresh.js";
import { TracksView } from "../../views/tracks-view.js";

/** A mood that goes on for so long ends the offer for the one before. */
const WITHDRAWN_AFTER_S = 2;

export class RefreshController {
  #page;
  #tracks;
  #refresh = new AutoRefresh();
  #offer;
  /** @type {string|null} what is offered at the moment */ #offered = null;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("./tracks-controller.js").TracksController} tracks
   * @param {import("./player-controller.js").PlayerController} player
   */
  constructor(page, tracks, player) {
    this.#page = page;
    this.#tracks = tracks;
    this.#offer = new TracksView(element("offer"), page.t, (id, like) => tracks.feedback(id, like), player.playTrack);
    element("offer-away").addEventListener("click", () => this.#withdraw());
    element("offer-show").addEventListener("click", () => {
      element("offer").scrollIntoView({ block: "start" });
      this.#offer.focus();
    });
    const after = select("renew-after");
    after.replaceChildren(...HOLD_CHOICES_S.map((seconds) => new Option(page.t("renew.seconds", { seconds }), String(seconds))));
    after.value = page.preferences.get("renew-after") ?? String(this.#refresh.hold_s);
    after.addEventListener("change", () => this.#apply());
    input("renew-on").addEventListener("change", () => this.#apply());
    this.#apply();
    if (page.values.served) {
      this.#refresh.served(page.values.served);
    }
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
    if (this.#offered && mood && mood.emotion !== this.#offered && mood.since_s >= WITHDRAWN_AFTER_S) {
      this.#withdraw();
      this.#refresh.served(served ?? "");
    }
    const emotion = this.#refresh.next(mood);
    if (!emotion) {
      return;
    }
    if (!served) {
      this.#tracks.serve(emotion, this.#page.values.reply?.probabilities ?? null);
      return;
    }
    this.#offered = emotion;
    this.#offer.wait();
    const mood_word = this.#page.label(emotion);
    const title = this.#page.t("renew.title", { mood: mood_word });
    const current = () => this.#offered === emotion;
    const problem = await this.#tracks.ask(this.#offer, emotion, { title: () => title, current, aside: this.#page.t("renew.note") });
    this.#page.notice.update("snap", problem);
    // Beside the word, where one looks: the list itself may lie below the screen.
    element("offer-show").textContent = this.#page.t("renew.show", { mood: mood_word });
    element("offer-show").hidden = !current();
  }

  /** The mood that the offer was for is over, or the listener does not want it. */
  #withdraw() {
    this.#offered = null;
    this.#offer.hide();
    element("offer-show").hidden = true;
  }
}
