/**
 * The list of tracks: asks for it, shows it and its path, passes on feedback. Without a connection, tracks come from the
 * lists in this browser.
 */

import { button, element } from "../../lib/elements.js";
import { lazy } from "../../lib/lazy.js";
import { listTitle } from "../../music/list-title.js";
import { entriesOf } from "../../music/track-reason.js";
import { goalChips } from "../../views/chips.js";
import { answered, without } from "../lists/replies.js";
import { SongSource } from "../lists/song-source.js";
import { note, reason, TracksView } from "../../views/tracks-view.js";

/** Room that the player's bar takes at most. */
const BAR_PX = 190;
/** So many tracks come for a "more like this" in the queue. */
const MORE = 3;

export class TracksController {
  #page;
  #connection;
  #songs;
  #view;
  /** Loaded for the first journey. */ #path;
  #has_path = false;
  /** Loaded when the filters are opened. */ #loadWishes;
  /** @type {import("../wishes.js").Wishes|null} */ #wishes = null;
  /** What the list shows. @type {import("../../types.js").SnapReply|null} */ #reply = null;
  /** Of the reading that the shown tracks are for. @type {number[]|null} */ #probabilities = null;
  /** Counts requests: the tracks of one that was overtaken are dropped. */
  #request = 0;
  /** @type {((emotion: import("../../types.js").EmotionName) => void)[]} */ #listeners = [];
  /** @type {((id: string, like: boolean, track: import("../../types.js").Track|null) => void)[]} */ #feedback = [];

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
    this.#songs = new SongSource(page, connection);
    player.onFeedback = (entry, like) => this.#afterFeedback(entry, like);
    player.onMusicFrom = () => this.#again();
    this.#view = new TracksView(element("tracks"), page.t, (id, like) => this.feedback(id, like), player.playTrack);
    this.#path = lazy(async () => new (await import("../../views/path-view.js")).PathView(element("path"), page.t));
    this.#loadWishes = lazy(async () => {
      const { Wishes } = await import("../wishes.js");
      return (this.#wishes = new Wishes(element("wishes"), page.t, () => this.#again()));
    });
    element("wishes").addEventListener("toggle", () => this.#loadWishes().catch(console.error)); // a lost connection is told already
    const goals = goalChips(element("goals"), page.config.goals, page.t, (goal) => this.chooseGoal(goal));
    goals.update(page.values.goal);
    page.state.observe(["goal"], ({ goal }) => goals.update(goal));
    element("more").addEventListener("click", () => this.more());
  }

  /** Ids of the shown tracks. */
  get ids() {
    return this.#view.ids;
  }

  /** What is shown, to be passed on. */
  get list() {
    return { ...this.#view.list, name: element("tracks-name").textContent ?? "" };
  }

  /** What a reload brings back. */
  get kept() {
    const reply = this.#reply && without(this.#reply, this.ids);
    return { reply, probabilities: this.#probabilities, wishes: this.#wishes?.values ?? {} };
  }

  /**
   * Shows a list again that was shown before; the queue has come back by itself.
   * @param {import("../../types.js").EmotionName} emotion
   * @param {{reply: import("../../types.js").SnapReply, probabilities: number[]|null, wishes: Record<string, any>}} kept
   */
  async restore(emotion, { reply, probabilities, wishes }) {
    this.#probabilities = probabilities;
    this.#reply = reply;
    this.#page.state.update({ served: emotion });
    this.#listeners.forEach((listener) => listener(emotion));
    await this.#drawPath(reply).catch(() => undefined);
    this.#fill(this.#view, this.#heading(reply), reply, []);
    if (Object.keys(wishes).length) {
      const filters = await this.#loadWishes();
      await filters.ready;
      filters.restore(wishes);
    }
  }

  /**
   * Tracks that were not wanted on earlier visits.
   * @param {string[]} ids the newest last @param {number} told how many of them the server is told
   */
  async leaveOut(ids, told) {
    this.#songs.leaveOut(ids);
    for (const id of ids.slice(-told)) {
      await this.#connection.feedback(id, false).catch(() => undefined);
    }
  }

  /**
   * Calls `listener` with every track that is wanted more of, or not wanted.
   * @param {(id: string, like: boolean, track: import("../../types.js").Track|null) => void} listener null where it is not in the list
   */
  onFeedback(listener) {
    this.#feedback.push(listener);
  }

  /** Calls `listener` with every emotion that tracks are asked for. @param {(emotion: import("../../types.js").EmotionName) => void} listener */
  onServe(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Asks for tracks and shows them.
   * @param {import("../../types.js").EmotionName} emotion
   * @param {number[]|null} [probabilities] of the reading that the emotion was the strongest of
   * @param {{reveal?: boolean}} [how] `reveal`: the list comes into view, and the keyboard goes to its first track
   */
  async serve(emotion, probabilities = null, { reveal = false } = {}) {
    const mine = ++this.#request;
    this.#probabilities = probabilities;
    this.#listeners.forEach((listener) => listener(emotion));
    const { notice, state } = this.#page;
    if (location.hash) {
      history.replaceState(null, "", location.pathname); // the shared list is no longer the one that is shown
    }
    state.update({ served: emotion });
    notice.update("snap", "");
    button("more").disabled = true;
    this.#view.wait();
    if (reveal) {
      bringIntoView(element("tracks"));
    }
    const had_focus = document.activeElement;
    const problem = await this.ask(this.#view, emotion, {
      current: () => mine === this.#request,
      onReply: (reply) => {
        this.#reply = reply;
        this.#player.fill(entriesOf(reply, this.#page.t));
        return this.#drawPath(reply);
      },
      title: (reply) => this.#heading(reply),
    });
    if (mine === this.#request) {
      notice.update("snap", problem, { label: this.#page.t("notice.again"), run: () => this.#again() });
      button("more").disabled = false;
      // Unless the listener went elsewhere meanwhile.
      if (reveal && (document.activeElement === had_focus || document.activeElement === document.body)) {
        this.#view.focus();
      }
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
    element("tracks-name").textContent = "";
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
      const { reply, instead } = await this.#fresh({ emotion, goal, wishes: this.#wishes?.values ?? {}, ...mixture });
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
      this.#fill(view, title(reply), reply, [aside, instead]);
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
      const { reply } = await this.#fresh({ emotion, goal, n, wishes: this.#wishes?.values ?? {}, ...known });
      return reply.problem ? [] : entriesOf(reply, this.#page.t);
    } catch {
      return [];
    }
  }

  /** Without what this tab has played. @param {any} wish */
  #fresh(wish) {
    return this.#player.fresh(() => this.#songs.ask(wish));
  }

  /** @param {TracksView} view @param {string} title @param {import("../../types.js").SnapReply} reply @param {string[]} asides */
  #fill(view, title, reply, asides) {
    const { t } = this.#page;
    const notes = [...asides, reason(reply, t), note(reply, navigator.onLine, t)];
    const whys = entriesOf(reply, t).map(({ why }) => why);
    view.update(title, reply.tracks, notes.filter(Boolean).join(" "), whys);
    if (view === this.#view) {
      this.#nameList(reply).catch(console.error); // the tracks are of use without it
    }
  }

  /** A line of its own for this hour's list. @param {import("../../types.js").SnapReply} reply */
  async #nameList(reply) {
    const { emotion, goal, path } = reply;
    const { t, session } = this.#page;
    if (emotion && goal && !reply.name && reply.tracks.length) {
      const { listName } = await import("../../music/list-name.js");
      const places = path.flatMap(({ track }) => track ?? []);
      reply.name = listName({ emotion, goal, places, at: new Date() }, session.get("name") ?? "", t, document.documentElement.lang, Math.random);
      session.set("name", reply.name);
    }
    element("tracks-name").textContent = reply.name ?? "";
  }

  /**
   * Passes feedback on, and asks for the track that answers it.
   * @param {string} id @param {boolean} like
   * @returns {Promise<import("../../types.js").QueueEntry|null>} null where none came
   */
  async feedback(id, like) {
    const { served } = this.#page.values;
    const told = await this.#tell(id, like);
    const [entry] = told && served ? await this.plan(served, 1, { after: null, probabilities: this.#probabilities }) : [];
    if (!entry || this.ids.includes(entry.track.id)) {
      return null;
    }
    const answer = like ? { ...entry, why: this.#page.t("why.like", { title: this.#titleOf(id) }) } : entry;
    this.#player.answer(id, answer, like);
    this.#reply = this.#reply && answered(this.#reply, id, answer, like);
    return answer;
  }

  /** @param {string} id @param {boolean} like @returns {Promise<boolean>} whether the server knows it */
  async #tell(id, like) {
    const { notice, t } = this.#page;
    const track = this.#view.list.tracks.find((one) => one.id === id) ?? null;
    this.#feedback.forEach((listener) => listener(id, like, track));
    try {
      const reply = await this.#connection.feedback(id, like);
      notice.update("snap", reply.problem ? t(`problem.${reply.problem.code}`) : "");
      return !reply.problem;
    } catch {
      notice.update("snap", t("connection.lost"));
      return false;
    }
  }

  /** @param {import("../../types.js").QueueEntry} entry @param {boolean} like @returns {Promise<import("../../types.js").QueueEntry[]>} */
  async #afterFeedback({ track, place }, like) {
    await this.#tell(track.id, like);
    const { served } = this.#page.values;
    return served ? this.plan(served, like ? MORE : 1, { after: place, probabilities: this.#probabilities }) : [];
  }

  /** @param {string} id */
  #titleOf(id) {
    return this.#view.list.tracks.find((track) => track.id === id)?.title ?? "";
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

/** The list with what stands above it, where the first track then has room over the player's bar; else the list alone. @param {HTMLElement} list */
function bringIntoView(list) {
  window.scrollTo({ top: 0 });
  const first = list.querySelector(".card")?.getBoundingClientRect();
  if (first && first.bottom > window.innerHeight - BAR_PX) {
    list.scrollIntoView({ block: "start" });
  }
}
