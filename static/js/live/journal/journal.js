/**
 * Keeps the journal while it is switched on: the mood of each minute, every track that plays, every track that is judged. Tracks
 * that were not wanted stay away for as long as the journal lasts.
 */

import { packVisit } from "../visits/tab-session.js";
import { JournalStore } from "./store.js";

/** How often the running minute is written. */
const WRITE_MS = 5000;
/** A longer gap between two readings is no time of a mood. */
const MAX_GAP_S = 5;
/** As many of them the server is told, which chooses others at once; those before are left out here. */
const MAX_TOLD = 30;

/** @typedef {import("./store.js").Minute} Minute */

export class Journal {
  store = new JournalStore();
  #page;
  #tracks;
  #on = false;
  /** @type {Minute|null} */ #minute = null;
  #read_ms = 0;
  #written_ms = 0;
  #playing = "";
  #watching = false;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("../controllers/tracks-controller.js").TracksController} tracks
   * @param {import("../controllers/player-controller.js").PlayerController} player
   */
  constructor(page, tracks, player) {
    this.#page = page;
    this.#tracks = tracks;
    page.state.observe(["reply"], ({ mood }) => this.#on && mood && this.#read(mood));
    page.state.observe(["connection"], ({ connection }) => this.#on && connection === "connected" && this.#tellDisliked());
    tracks.onFeedback((id, like, track) => this.#on && this.#judge(id, like, track));
    page.state.observe(["served"], () => this.#watch(player));
    window.addEventListener("pagehide", () => this.#on && this.#write());
    document.addEventListener("visibilitychange", () => document.hidden && this.#on && this.#write());
    this.#watch(player);
  }

  /** @param {boolean} on */
  switch(on) {
    this.#on = on;
    if (on && this.#page.values.connection === "connected") {
      this.#tellDisliked();
    }
  }

  async erase() {
    this.#minute = null;
    await this.store.erase();
  }

  /** @param {import("../../types.js").Mood} mood */
  #read({ emotion, valence }) {
    const now_ms = Date.now();
    const seconds = Math.min((now_ms - this.#read_ms) / 1000, MAX_GAP_S);
    const goes_on = this.#read_ms > 0 && now_ms - this.#read_ms <= MAX_GAP_S * 1000;
    this.#read_ms = now_ms;
    if (goes_on) {
      this.#count(Math.floor(now_ms / 60_000), emotion, seconds, valence ?? 0).catch(console.error);
    }
  }

  /** @param {number} minute @param {string} emotion @param {number} seconds @param {number} valence */
  async #count(minute, emotion, seconds, valence) {
    if (this.#minute?.minute !== minute) {
      this.#write();
      const blank = { minute, moods: {}, valence: 0, seconds: 0 };
      this.#minute = blank;
      // A reload within the minute adds to it.
      const known = await this.store.minute(minute);
      if (known && this.#minute === blank) {
        this.#minute = known;
      }
    }
    const running = this.#minute;
    running.moods[emotion] = (running.moods[emotion] ?? 0) + seconds;
    running.valence += valence * seconds;
    running.seconds += seconds;
    if (Date.now() - this.#written_ms > WRITE_MS) {
      this.#write();
    }
  }

  #write() {
    this.#written_ms = Date.now();
    if (this.#minute) {
      this.store.putMinute(this.#minute).catch(console.error);
    }
  }

  /** Once: the player is loaded with the first list. @param {import("../controllers/player-controller.js").PlayerController} player */
  #watch(player) {
    if (!this.#page.values.served || this.#watching) {
      return;
    }
    this.#watching = true;
    player.mounted().then(({ player: mounted }) => {
      mounted.state.observe(["phase", "current"], ({ phase, current }) => {
        if (this.#on && phase === "playing" && current && current.track.id !== this.#playing) {
          this.#playing = current.track.id;
          this.#played(current.track);
        }
      });
    }, console.error);
  }

  /** @param {import("../../types.js").Track} track */
  #played(track) {
    const { mood, goal } = this.#page.values;
    this.store.addPlay({ at_ms: Date.now(), track, emotion: mood?.emotion ?? null, goal }).catch(console.error);
    const visit = packVisit(this.#page, this.#tracks);
    if (visit) {
      this.store.keepVisit(visit).catch(console.error);
    }
  }

  /** @param {string} id @param {boolean} like @param {import("../../types.js").Track|null} track */
  #judge(id, like, track) {
    this.store.judge({ id, like, track, at_ms: Date.now() }).catch(console.error);
  }

  /** The server forgets with the connection. */
  async #tellDisliked() {
    const { judged } = await this.store.all();
    const unwanted = judged.filter(({ like }) => !like).sort((a, b) => a.at_ms - b.at_ms).map(({ id }) => id);
    await this.#tracks.leaveOut(unwanted, MAX_TOLD);
  }
}
