/**
 * The listener's connected Spotify account, over REST. The browser never sees a token, only whether there is one.
 */

import { requestJson } from "../lib/http.js";

const ROOT = "api/v1/spotify";

export class SpotifyAccount {
  csrf = "";

  /** @returns {Promise<{available: boolean, connected: boolean}>} @throws {import("../lib/http.js").HttpFault} as all methods */
  async status() {
    const { available, connected, csrf } = await requestJson(ROOT);
    this.csrf = csrf ?? "";
    return { available, connected };
  }

  /** @param {string} name @param {string[]} ids @returns {Promise<{url: string}>} a new private playlist */
  save(name, ids) {
    return this.#post("playlist", { name, ids });
  }

  /** @param {string} link of one of the listener's playlists @returns {Promise<{tracks: {id: string, artist: string, title: string}[]}>} */
  playlist(link) {
    return this.#post("playlist/tracks", { link });
  }

  /** @param {string[]} ids play now, on the active device */
  play(ids) {
    return this.#post("play", { ids });
  }

  /** @param {string[]} ids play after what plays now */
  queue(ids) {
    return this.#post("queue", { ids });
  }

  disconnect() {
    return this.#post("disconnect", {});
  }

  /** @param {string} action @param {object} json */
  #post(action, json) {
    return requestJson(`${ROOT}/${action}`, { method: "POST", headers: { "X-CSRF-Token": this.csrf }, json });
  }
}

/**
 * @param {import("../lib/http.js").HttpFault} fault
 * @param {Record<string, string>} messages
 * @returns {string} the key of its text
 */
export function accountFaultKey({ code }, messages) {
  const key = `account.fault.${code}`;
  return key in messages ? key : "account.fault.unreachable";
}
