/**
 * The journal in this browser (IndexedDB): moods by minute, tracks played, tracks judged. Nothing of it is sent anywhere.
 */

const NAME = "feelharmonic-journal";
const VERSION = 1;

/**
 * @typedef {Object} Minute
 * @property {number} minute since 1970, Unix time / 60 s
 * @property {Record<string, number>} moods seconds of each mood
 * @property {number} valence sum of the seconds' valence, -1..1 each
 * @property {number} seconds that were read
 *
 * @typedef {{at_ms: number, track: import("../../types.js").Track, emotion: string|null, goal: string}} Play
 * @typedef {{id: string, track: import("../../types.js").Track|null, like: boolean, at_ms: number}} Judgement
 * @typedef {{minutes: Minute[], plays: Play[], judged: Judgement[]}} Entries oldest first
 */

export class JournalStore {
  /** @type {Promise<IDBDatabase>|null} */ #open = null;

  /** @param {Minute} minute takes the place of what was stored for it */
  putMinute(minute) {
    return this.#write("minutes", minute);
  }

  /** @param {Play} play */
  addPlay(play) {
    return this.#write("plays", play);
  }

  /** @param {Judgement} judgement */
  judge(judgement) {
    return this.#write("judged", judgement);
  }

  /** @param {string} visit the list shown last */
  keepVisit(visit) {
    return this.#write("kept", { name: "visit", visit });
  }

  /** @returns {Promise<string|null>} the list shown last */
  async visit() {
    const kept = await asked((await this.#database()).transaction("kept").objectStore("kept").get("visit"));
    return kept?.visit ?? null;
  }

  /** @param {number} minute @returns {Promise<Minute|undefined>} */
  async minute(minute) {
    return asked((await this.#database()).transaction("minutes").objectStore("minutes").get(minute));
  }

  /** @returns {Promise<Entries>} */
  async all() {
    const transaction = (await this.#database()).transaction(["minutes", "plays", "judged"]);
    const [minutes, plays, judged] = await Promise.all(
      ["minutes", "plays", "judged"].map((name) => asked(transaction.objectStore(name).getAll())),
    );
    return { minutes, plays, judged };
  }

  /** Deletes everything. */
  async erase() {
    (await this.#open)?.close();
    this.#open = null;
    await asked(indexedDB.deleteDatabase(NAME));
  }

  /** @param {string} name @param {unknown} value */
  async #write(name, value) {
    const transaction = (await this.#database()).transaction(name, "readwrite");
    await asked(transaction.objectStore(name).put(value));
  }

  #database() {
    this.#open ??= new Promise((resolve, reject) => {
      const request = indexedDB.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        const database = request.result;
        database.createObjectStore("minutes", { keyPath: "minute" });
        database.createObjectStore("plays", { keyPath: "at_ms" });
        database.createObjectStore("judged", { keyPath: "id" });
        database.createObjectStore("kept", { keyPath: "name" });
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    return this.#open;
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function asked(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
