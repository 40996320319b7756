/**
 * What the controllers of the live page share: texts, emotions, state, notices, storage.
 */

import { readConfig, element } from "../lib/elements.js";
import { translator } from "../lib/i18n.js";
import { State } from "../lib/state.js";
import { storage } from "../lib/storage.js";
import { NoticeView } from "../views/notice-view.js";

/** How long a confirmation stays. */
const CONFIRMATION_MS = 6000;

/**
 * @typedef {Object} LiveState
 * @property {"welcome"|"live"|"stopped"} stage what is on the stage
 * @property {boolean} frozen whether the stage shows the picture of the snap
 * @property {import("../types.js").Mood|null} mood the one that holds
 * @property {string|undefined} aside shown instead of how sure the mood is
 * @property {number} mood_at_ms when it was read, Unix milliseconds
 * @property {import("../types.js").Goal} goal
 * @property {import("../types.js").EmotionName|null} served what the shown tracks are for
 * @property {import("../types.js").FrameReply|null} reply the newest without a problem
 * @property {import("../types.js").Reader|null} reader
 * @property {boolean} group whether everybody in view is read as one
 * @property {number[]|null} baseline of the listener's neutral face
 * @property {import("../types.js").ConnectionState|null} connection null before the first attempt ends
 */

/** @typedef {"stage"|"list"|"settings"|"foot"} Place where a confirmation may stand */

export class Page {
  config = readConfig();
  t = translator(this.config.words);
  emotions = new Map(this.config.emotions.map((emotion) => [emotion.name, emotion]));
  notice = new NoticeView(element("notice"), this.t("page.close"), (cause) => element(this.#placeOf(cause)));
  /** Outlives the tab. */ preferences = storage("localStorage");
  /** Goes with the tab. */ session = storage("sessionStorage");
  #timer = 0;
  /** What the newest confirmation is about. @type {Place} */ #confirmed = "list";

  state = new State(/** @type {LiveState} */ ({
    stage: "welcome",
    frozen: false,
    mood: null,
    aside: undefined,
    mood_at_ms: 0,
    goal: this.config.goals[0],
    served: null,
    reply: null,
    reader: null,
    group: false,
    baseline: storedBaseline(this.preferences),
    connection: null,
  }));

  get values() {
    return this.state.values;
  }

  /** The id of the place that a notice stands in. @param {import("../views/notice-view.js").Cause} cause */
  #placeOf(cause) {
    const about = cause === "news" ? this.#confirmed : cause === "snap" ? "list" : "stage";
    if (about === "settings" || about === "foot") {
      return `${about}-place`;
    }
    if (about === "list" && !element("tracks").hidden) {
      return "list-place";
    }
    return this.values.stage === "live" ? "stage-place" : "mood-place";
  }

  /** @param {string|null} emotion @returns {string} its name for people, empty if there is none */
  label(emotion) {
    return this.emotions.get(/** @type {import("../types.js").EmotionName} */ (emotion))?.label ?? "";
  }

  /** Shows a confirmation. @param {string} text @param {{stays?: boolean, at?: Place}} [options] `at`: where what it is about stands */
  confirm(text, { stays = false, at = "list" } = {}) {
    clearTimeout(this.#timer);
    this.#confirmed = at;
    this.notice.update("news", text);
    if (!stays) {
      this.#timer = window.setTimeout(() => this.notice.update("news", ""), CONFIRMATION_MS);
    }
  }
}

/** @param {import("../lib/storage.js").BrowserStorage} preferences @returns {number[]|null} null also if what is stored cannot be read */
function storedBaseline(preferences) {
  try {
    return JSON.parse(preferences.get("resting") ?? "null");
  } catch {
    return null;
  }
}
