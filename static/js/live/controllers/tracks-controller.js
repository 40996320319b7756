/**
 * The list of tracks: asks for it, shows it and its path, passes on feedback. Without a connection, tracks come from the
 * lists in this browser.
 */

import { button, element } from "../../lib/elements.js";
import { lazy } from "../../lib/lazy.js";
import { listTitle } from "../../music/list-title.js";
import { entriesOf } from "../../music/track-reason.js";
import { goalChips } from "../../views/chips.js";
import { note, reason, TracksView } from "../../views/tracks-view.js";
import { wishes } from "../wishes.js";

/** How long a request waits for a lost connection before the lists in this browser serve. */
const CONNECTION_WAIT_MS = 1500;
/** So many tracks come for a "more like this" in the queue. */
const MORE = 3;

export class TracksController {
  #page;
  #connection;
  #offline = lazy(async () => new (await import("../../music/offline-tracks.js")).OfflineTracks());
  #view;
  /** Loaded for the first journey. */ #path;
  #has_path = false;
  #wishes;
  /** Of the reading that the shown tracks are for. @type {number[]|null} */ #probabilities = null;
  /** Counts requests: the tracks of one that was overtaken are dropped. */
  #request = 0;
  /** @type {((emotion: import("../../types.js").EmotionName) => void)[]} */ #listeners = [];

  #player;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("../connection.js").Connection} connection
   * @param {import("./player-controller.js").PlayerController} player
   */
  constructor(page, connection, player) {
    this.#page = page;
    this.#connection = connection;
    this.#player = player;
    player.onFeedback = (entry, like) => this.#afterFeedback(entry, like);
    player.onMusicFrom = () => this.#again();
    this.#view = new TracksView(element("tracks"), page.t, (id, like) => this.feedback(id, like), player.playTrack);
    this.#path = lazy(async () => new (await import("../../views/path-view.js")).PathView(element("path"), page.t));
    this.#wishes = wishes(element("wishes"), page.t, () => this.#again());
    const goals = goalChips(element("goals"), page.config.goals, page.t, (goal) => this.chooseGoal(goal));
    goals.update(page.values.goal);
    page.state.observe(["goal"], ({ goal }) => goals.update(goal));
    element("more").addEventListener("click", () => this.more());
  }

  /** Ids of the shown tracks. */
  get ids() {
    return this.#view.ids;
  }

  /** Calls `listener` with every emotion that tracks are asked for. @param {(emotion: import("../../types.js").EmotionName) => void} listener */
  onServe(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Asks for tracks and shows them.
   * @param {import("../../types.js").EmotionName} emotion
   * @param {number[]|null} [probabilities] of the reading that the emotion was the strongest of
   */
  async serve(emotion, probabilities = null) {
    const mine = ++this.#request;
    this.#probabilities = probabilities;
    this.#listeners.forEach((listener) => listener(emotion));
    const { notice, state } = this.#page;
    state.update({ served: emotion });
    notice.update("snap", "");
    button("more").disabled = true;
    this.#view.wait();
    const problem = await this.ask(this.#view, emotion, {
      current: () => mine === this.#request,
      onReply: (reply) => {
        this.#player.fill(entriesOf(reply, this.#page.t));
        return this.#drawPath(reply);
      },
      title: (reply) => this.#heading(reply),
    });
    if (mine === this.#request) {
      notice.update("snap", problem);
      button("more").disabled = false;
    }
  }

  more() {
    if (!button("more").disabled) {
      this.#again();
    }
  }

  /** @param {import("../../types.js").Goal} goal */
  chooseGoal(goal) {
    this.#page.state.update({ goal });
    this.#again();
  }

  nextGoal() {
    const { goals } = this.#page.config;
    this.chooseGoal(goals[(goals.indexOf(this.#page.values.goal) + 1) % goals.length]);
  }

  /** Shows tracks that are known already. @param {string} title @param {import("../../types.js").Track[]} tracks */
  show(title, tracks) {
    this.#view.update(title, tracks, "");
    this.#player.fill(tracks.map((track) => ({ track, place: null, why: "" })));
  }

  /**
   * Asks for tracks and shows them in `view`.
   * @param {TracksView} view
   * @param {import("../../types.js").EmotionName} emotion
   * @param {Object} options
   * @param {(reply: import("../../types.js").SnapReply) => string} options.title
   * @param {() => boolean} [options.current] whether no newer request was made since
   * @param {(reply: import("../../types.js").SnapReply) => void|Promise<void>} [options.onReply]
   * @param {string} [options.aside] shown beside the reply's own note
   * @returns {Promise<string>} what went wrong, empty if nothing
   */
  async ask(view, emotion, { title, current = () => true, onReply = () => undefined, aside = "" }) {
    const { t } = this.#page;
    const { goal } = this.#page.values;
    const mixture = this.#probabilities && { probabilities: this.#probabilities };
    try {
      const { reply, without } = await this.#fresh({ emotion, goal, wishes: this.#wishes(), ...mixture });
      if (!current()) {
        return "";
      }
      if (reply.problem) {
        view.fail("");
        return t(`problem.${reply.problem.code}`);
      }
      // Before the tracks, which it would move.
      await onReply(reply);
      if (!current()) {
        return "";
      }
      const asides = [aside, without, reason(reply, t), note(reply, navigator.onLine, t)];
      const whys = entriesOf(reply, t).map(({ why }) => why);
      view.update(title(reply), reply.tracks, asides.filter(Boolean).join(" "), whys);
      return "";
    } catch {
      view.fail("");
      return t("tracks.failed");
    }
  }

  /**
   * Plans what plays next, and shows nothing.
   * @param {import("../../types.js").EmotionName} emotion
   * @param {number} n
   * @param {{after: import("../../types.js").MusicPoint|null, probabilities: number[]|null}} from where the track lies that plays
   *   before them; the mood's mixture
   * @returns {Promise<import("../../types.js").QueueEntry[]>} empty if none came
   */
  async plan(emotion, n, { after, probabilities }) {
    const { goal } = this.#page.values;
    const known = { ...(after && { after }), ...(probabilities && { probabilities }) };
    try {
      const { reply } = await this.#fresh({ emotion, goal, n, wishes: this.#wishes(), ...known });
      return reply.problem ? [] : entriesOf(reply, this.#page.t);
    } catch {
      return [];
    }
  }

  /** Without what this tab has played. @param {any} wish */
  #fresh(wish) {
    return this.#player.fresh(() => this.#songs(wish));
  }

  /**
   * The server's answer, or this browser's own songs where the server is away or full.
   * @param {any} wish as for Connection's snap
   */
  async #songs(wish) {
    const { t } = this.#page;
    const own = async () => (await this.#offline()).snap(wish);
    if (!(await this.#connection.connectedWithin(CONNECTION_WAIT_MS))) {
      return { reply: await own(), without: t("tracks.starter") };
    }
    const from = this.#page.preferences.get("music-from");
    const reply = await this.#connection.snap({ ...wish, ...(from && { sources: [from] }) });
    const instead = reply.problem?.code === "full" && (await own().catch(() => null));
    return instead ? { reply: instead, without: t("tracks.full") } : { reply, without: "" };
  }

  /** @param {string} id @param {boolean} like */
  async feedback(id, like) {
    const { notice, t } = this.#page;
    try {
      const reply = await this.#connection.feedback(id, like);
      notice.update("snap", reply.problem ? t(`problem.${reply.problem.code}`) : "");
    } catch {
      notice.update("snap", t("connection.lost"));
    }
  }

  /** @param {import("../../types.js").QueueEntry} entry @param {boolean} like @returns {Promise<import("../../types.js").QueueEntry[]>} */
  async #afterFeedback({ track, place }, like) {
    await this.feedback(track.id, like);
    const { served } = this.#page.values;
    return served ? this.plan(served, like ? MORE : 1, { after: place, probabilities: this.#probabilities }) : [];
  }

  #again() {
    const { served } = this.#page.values;
    return served ? this.serve(served, this.#probabilities) : undefined;
  }

  /** @param {{emotion: string|null, goal: string|null, also?: string|null}} reply */
  #heading({ emotion, goal, also }) {
    const { t } = this.#page;
    const title = emotion && goal ? listTitle({ emotion, label: this.#page.label(emotion), goal }, t) : "";
    return also ? t("mood.mixed", { mood: title, also: t(`mood.little.${also}`) }) : title;
  }

  /** Where a journey leads; a list that matches the mood has no path. @param {import("../../types.js").SnapReply} reply */
  async #drawPath({ emotion, goal, path }) {
    if (!this.#has_path && goal === "match") {
      return;
    }
    this.#has_path = true;
    try {
      (await this.#path()).update(goal === "match" ? [] : path, this.#page.label(emotion), this.#page.t(`goal.${goal}`));
    } catch (fault) {
      console.error(fault); // the tracks are of use without it
    }
  }
}
