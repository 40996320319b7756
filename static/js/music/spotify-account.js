/**
 * The listener's connected Spotify account, over REST. The browser never sees a token, only whether there is one.
 */

const ROOT = "/api/v1/spotify";

/** Something could not be done. */
export class AccountFault extends Error {
  /** @param {string} code as the server names it, or "unreachable" */
  constructor(code) {
    super(code);
    this.name = "AccountFault";
    this.code = code;
  }
}

export class SpotifyAccount {
  #csrf = "";

  /** @returns {Promise<{available: boolean, connected: boolean}>} */
  async status() {
    const { available, connected, csrf } = await ask(ROOT, {});
    this.#csrf = csrf ?? "";
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

  /** @param {string} action @param {object} fields */
  #post(action, fields) {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": this.#csrf };
    return ask(`${ROOT}/${action}`, { method: "POST", headers, body: JSON.stringify(fields) });
  }
}

/** @param {string} url @param {RequestInit} options @returns {Promise<any>} */
async function ask(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch {
    throw new AccountFault("unreachable");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new AccountFault(answer.code ?? "unreachable");
  }
  return answer;
}
