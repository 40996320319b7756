/**
 * The listener's Spotify account: connect, save the shown list as a playlist, play or queue it, disconnect.
 */

import { element } from "../../lib/elements.js";
import { HttpFault } from "../../lib/http.js";
import { accountFaultKey, SpotifyAccount } from "../../music/spotify-account.js";

const MAX_NAME_LENGTH = 100;

export class AccountController {
  #page;
  #tracks;
  #account = new SpotifyAccount();

  /** @param {import("../page.js").Page} page @param {import("./tracks-controller.js").TracksController} tracks */
  constructor(page, tracks) {
    this.#page = page;
    this.#tracks = tracks;
    element("account-save").addEventListener("click", () => this.#run(() => this.#save()));
    element("account-play").addEventListener("click", () => this.#run(() => this.#account.play(tracks.ids).then(() => page.t("account.playing"))));
    element("account-queue").addEventListener("click", () => this.#run(() => this.#account.queue(tracks.ids).then(() => page.t("account.queued"))));
    element("account-disconnect").addEventListener("click", () => this.#run(() => this.#account.disconnect().then(() => page.t("account.gone"))));
    // The login happens in another tab: look again when the listener comes back.
    window.addEventListener("focus", () => this.#render());
    this.#render();
  }

  /** @param {() => Promise<string>} action resolves with a confirmation */
  async #run(action) {
    try {
      this.#page.confirm(await action());
    } catch (fault) {
      if (!(fault instanceof HttpFault)) {
        throw fault;
      }
      this.#page.confirm(this.#page.t(accountFaultKey(fault, this.#page.config.words)));
    }
    await this.#render();
  }

  async #save() {
    const mood = element("tracks-title").textContent ?? "";
    const name = this.#page.t("account.name", { mood }).slice(0, MAX_NAME_LENGTH);
    await this.#account.save(name, this.#tracks.ids);
    return this.#page.t("account.saved", { name });
  }

  async #render() {
    const { available, connected } = await this.#account.status().catch(() => ({ available: false, connected: false }));
    element("account").hidden = !available;
    element("account-connect").hidden = connected;
    element("account-acts").hidden = !connected;
  }
}
