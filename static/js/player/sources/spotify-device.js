/**
 * The active device of a connected Spotify account, over REST. Apart from SpotifyAccount, which every page loads at once.
 */

import { requestJson } from "../../lib/http.js";

const URL = "api/v1/spotify/playback";

/**
 * @typedef {{ids: string[], playing: boolean, position_s: number, duration_s: number, volume: number|null}} Playback
 *   `ids`: the track's, and of the edition that it stands for; `volume` 0..1, null where the device's cannot be set
 */

export class SpotifyDevice {
  #account;

  /** @param {import("../../music/spotify-account.js").SpotifyAccount} account whose status was asked for */
  constructor(account) {
    this.#account = account;
  }

  /** @param {string} id of the track to play now @throws {import("../../lib/http.js").HttpFault} as all methods */
  play(id) {
    return this.#account.play([id]);
  }

  /** @returns {Promise<Playback>} what it plays */
  playback() {
    return requestJson(URL, { headers: this.#headers });
  }

  /** @param {"pause"|"resume"|"seek"|"volume"} action @param {number} [value] seconds to seek, 0..1 for the volume */
  control(action, value = 0) {
    return requestJson(URL, { method: "POST", headers: this.#headers, json: { action, value } });
  }

  get #headers() {
    return { "X-CSRF-Token": this.#account.csrf };
  }
}
