/**
 * Where lists come from: the server, or this browser's own songs where the server is away or full.
 */

import { lazy } from "../../lib/lazy.js";
import { without } from "./replies.js";

/** How long a request waits for a lost connection before the lists in this browser serve. */
const CONNECTION_WAIT_MS = 1500;

export class SongSource {
  #page;
  #connection;
  #offline = lazy(async () => new (await import("../../music/offline-tracks.js")).OfflineTracks());
  /** Ids of tracks that were not wanted on earlier visits. @type {Set<string>} */ #unwanted = new Set();

  /** @param {import("../page.js").Page} page @param {import("../connection.js").Connection} connection */
  constructor(page, connection) {
    this.#page = page;
    this.#connection = connection;
  }

  /** @param {string[]} ids of tracks that are not to come */
  leaveOut(ids) {
    this.#unwanted = new Set(ids);
  }

  /**
   * @param {any} wish as for Connection's snap
   * @returns {Promise<{reply: import("../../types.js").SnapReply, instead: string}>} `instead`: why the server did not serve
   */
  async ask(wish) {
    const { t } = this.#page;
    const own = async () => (await this.#offline()).snap(wish);
    if (!(await this.#connection.connectedWithin(CONNECTION_WAIT_MS))) {
      return { reply: await own(), instead: t("tracks.starter") };
    }
    const from = this.#page.preferences.get("music-from");
    const reply = await this.#connection.snap({ ...wish, ...(from && { sources: [from] }) });
    const local = reply.problem?.code === "full" && (await own().catch(() => null));
    const answer = local || reply;
    const wanted = answer.tracks?.map(({ id }) => id).filter((id) => !this.#unwanted.has(id)) ?? [];
    return { reply: answer.problem ? answer : without(answer, wanted), instead: local ? t("tracks.full") : "" };
  }
}
