/**
 * What the queue's head offers with a connected Spotify account: where Spotify's tracks play, and saving the queue as a
 * private playlist.
 */

import { HttpFault } from "../lib/http.js";
import { isTrackId } from "../lib/track-id.js";
import { SpotifyAccount } from "../music/spotify-account.js";

const PLACE_KEY = "player-place";

export class AccountPanel {
  element = document.createElement("div");
  account = new SpotifyAccount();
  #t;
  #preferences;
  #tracks;
  #onPlace;
  #place = document.createElement("select");
  #note = document.createElement("p");
  #connected = false;

  /**
   * @param {import("../types.js").Translate} t
   * @param {Object} page
   * @param {import("../lib/storage.js").BrowserStorage} page.preferences
   * @param {() => import("../types.js").Track[]} page.tracks of the queue
   * @param {() => void} page.onPlace called when Spotify's tracks are to play elsewhere from now on
   */
  constructor(t, { preferences, tracks, onPlace }) {
    this.#t = t;
    this.#preferences = preferences;
    this.#tracks = tracks;
    this.#onPlace = onPlace;
    this.element.className = "player-account";
    this.element.hidden = true;
    const label = document.createElement("label");
    const words = document.createElement("span");
    words.textContent = t("player.place");
    this.#place.append(new Option(t("player.place.page"), "page"), new Option(t("player.place.device"), "device"));
    this.#place.addEventListener("change", () => this.#choose());
    label.append(words, this.#place);
    const save = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: t("player.saveAtSpotify") });
    save.addEventListener("click", () => this.#save());
    this.#note.className = "note";
    this.#note.setAttribute("role", "status");
    this.element.append(label, save, this.#note);
    if (preferences.get(PLACE_KEY) === "device") {
      this.refresh();
    }
  }

  /** Whether Spotify's tracks play on the listener's device. */
  get onDevice() {
    return this.#connected && this.#place.value === "device";
  }

  /** Asks whether an account is connected: the login happens in another tab. */
  async refresh() {
    const { connected } = await this.account.status().catch(() => ({ connected: false }));
    this.#connected = connected;
    this.element.hidden = !connected;
    this.#place.value = this.#preferences.get(PLACE_KEY) === "device" ? "device" : "page";
  }

  #choose() {
    this.#preferences.set(PLACE_KEY, this.#place.value === "device" ? "device" : null);
    this.#onPlace();
  }

  /** The queue's tracks that Spotify has. */
  async #save() {
    const ids = this.#tracks().map(({ id }) => id).filter(isTrackId);
    if (!ids.length) {
      this.#note.textContent = this.#t("player.nothingOfSpotify");
      return;
    }
    try {
      const name = this.#t("player.listName", { day: new Date().toLocaleDateString(document.documentElement.lang) });
      await this.account.save(name, ids);
      this.#note.textContent = this.#t("account.saved", { name });
    } catch (fault) {
      if (!(fault instanceof HttpFault)) {
        throw fault;
      }
      this.#note.textContent = this.#t(faultKey(fault.code));
    }
  }
}

/** Codes that have a text of their own where a playlist is saved. */
const TOLD = ["not_connected", "forbidden", "spotify_refused", "spotify_broken", "spotify_busy", "spotify_unreachable"];

/** @param {string} code the server's */
function faultKey(code) {
  return `account.fault.${TOLD.includes(code) ? code : "unreachable"}`;
}
