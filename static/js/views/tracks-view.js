/**
 * Track cards: title, artist, year, why the track is here, a button that plays it. Nothing is asked of Spotify for them.
 * Knows no socket.
 */

const PLACEHOLDERS = 8;

export class TracksView {
  #element;
  #t;
  #title;
  #note;
  #cards;
  #onFeedback;
  #onPlay;
  /** @type {import("../types.js").Track[]} */ #tracks = [];

  /**
   * @param {HTMLElement} element with a title, a note and a list
   * @param {import("../types.js").Translate} t
   * @param {((id: string, like: boolean) => Promise<import("../types.js").QueueEntry|null>)|null} onFeedback resolves with the
   *   track that takes the place of one that was not wanted, or follows one that was; null where nobody listens to feedback
   * @param {(track: import("../types.js").Track, why: string) => void} onPlay
   */
  constructor(element, t, onFeedback, onPlay) {
    this.#element = element;
    this.#t = t;
    this.#onFeedback = onFeedback;
    this.#onPlay = onPlay;
    this.#title = /** @type {HTMLElement} */ (element.querySelector("h2"));
    this.#note = /** @type {HTMLElement} */ (element.querySelector(".note"));
    this.#cards = /** @type {HTMLElement} */ (element.querySelector(".cards"));
  }

  /** Tracks were asked for: the list stays as it is; an empty one gets placeholders. */
  wait() {
    this.#note.textContent = this.#t("tracks.waiting");
    this.#cards.setAttribute("aria-busy", "true");
    if (this.#cards.childElementCount === 0) {
      this.#title.textContent = this.#t("tracks.waiting");
      this.#note.textContent = "";
      this.#cards.append(...Array.from({ length: PLACEHOLDERS }, placeholder));
    }
    this.#element.hidden = false;
  }

  /**
   * @param {string} title
   * @param {import("../types.js").Track[]} tracks
   * @param {string} note
   * @param {string[]} [whys] a few words for each track
   */
  update(title, tracks, note, whys = []) {
    this.#title.textContent = title;
    this.#note.textContent = note;
    this.#cards.removeAttribute("aria-busy");
    this.#tracks = tracks;
    this.#cards.replaceChildren(...tracks.map((track, i) => this.#card(track, whys[i] ?? "")));
    this.#element.hidden = false;
  }

  /** No tracks came: the list stays as it was. @param {string} note */
  fail(note) {
    this.#note.textContent = note;
    this.#cards.removeAttribute("aria-busy");
    this.#cards.querySelectorAll(".placeholder").forEach((card) => card.remove());
  }

  hide() {
    this.#element.hidden = true;
    this.#cards.replaceChildren();
  }

  /** The keyboard goes to the first track. */
  focus() {
    /** @type {HTMLElement|null} */ (this.#cards.querySelector(".play"))?.focus({ preventScroll: true });
  }

  /** The title of the list, and its tracks that are still shown. @returns {{title: string, tracks: import("../types.js").Track[]}} */
  get list() {
    const { ids } = this;
    return { title: this.#title.textContent ?? "", tracks: this.#tracks.filter(({ id }) => ids.includes(id)) };
  }

  /** Ids of the tracks that are shown. @returns {string[]} */
  get ids() {
    return [...this.#cards.children].flatMap((card) => (card instanceof HTMLElement && card.dataset.id ? [card.dataset.id] : []));
  }

  /** @param {import("../types.js").Track} track @param {string} why */
  #card(track, why) {
    const card = document.createElement("li");
    card.className = "card";
    card.dataset.id = track.id;
    const words = card.appendChild(document.createElement("div"));
    words.className = "words";
    const by = track.year ? this.#t("tracks.by", { artist: track.artist, year: track.year }) : track.artist;
    words.append(line("title", track.title), line("by", by));
    if (why) {
      words.append(line("why", why));
    }
    const row = card.appendChild(document.createElement("div"));
    row.className = "row";
    const play = small(this.#t("tracks.play"), this.#t("player.playTrack", { title: track.title, artist: track.artist }));
    play.classList.add("play");
    play.addEventListener("click", () => this.#onPlay(track, why));
    row.append(play);
    if (this.#onFeedback) {
      row.append(this.#like(track), this.#dislike(track, card));
    }
    if (track.url) {
      const link = row.appendChild(document.createElement("a"));
      Object.assign(link, { href: track.url, target: "_blank", rel: "noopener", textContent: this.#t("tracks.open") });
      link.setAttribute("aria-label", this.#t("tracks.openLong", { title: track.title, artist: track.artist }));
    }
    return card;
  }

  /** @param {import("../types.js").Track} track */
  #like(track) {
    const button = small(this.#t("tracks.like"), this.#t("tracks.likeLong", { title: track.title }));
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", async () => {
      if (button.getAttribute("aria-pressed") === "true") {
        return;
      }
      button.setAttribute("aria-pressed", "true");
      const similar = await this.#onFeedback?.(track.id, true);
      if (similar && button.isConnected) {
        this.#add(similar, (card) => /** @type {HTMLElement} */ (button.closest(".card")).after(card));
      }
    });
    return button;
  }

  /** @param {import("../types.js").QueueEntry} entry @param {(card: HTMLElement) => void} place puts the card into the list */
  #add({ track, why }, place) {
    const card = this.#card(track, why);
    card.classList.add("fresh");
    this.#tracks = [...this.#tracks, track];
    place(card);
  }

  /** @param {import("../types.js").Track} track @param {HTMLElement} card */
  #dislike(track, card) {
    const button = small(this.#t("tracks.dislike"), this.#t("tracks.dislikeLong", { title: track.title }));
    button.addEventListener("click", async () => {
      const neighbour = card.nextElementSibling ?? card.previousElementSibling;
      const hole = placeholder();
      card.replaceWith(hole);
      // Keyboard focus moves to the card's neighbour.
      /** @type {HTMLElement|null|undefined} */ (neighbour?.querySelector("button"))?.focus({ preventScroll: true });
      const other = await this.#onFeedback?.(track.id, false);
      if (other && hole.isConnected) {
        this.#add(other, (next) => hole.replaceWith(next));
      } else {
        hole.remove();
      }
    });
    return button;
  }
}

/**
 * The line over the tracks: who served and why, and what is missing.
 * @param {{tracks: import("../types.js").Track[], note: string}} reply
 * @param {boolean} online
 * @param {import("../types.js").Translate} t
 */
export function note(reply, online, t) {
  const parts = [
    reply.tracks.length === 0 ? t("tracks.none") : "",
    reply.note,
    online ? "" : t("tracks.offline"),
  ];
  return parts.filter(Boolean).join(" ");
}

/**
 * Why the catalogue's tracks fit, or why a journey leads nowhere; empty for what other providers found.
 * @param {import("../types.js").SnapReply} reply
 * @param {import("../types.js").Translate} t
 */
export function reason({ provider, emotion, goal, stays, tracks }, t) {
  if (provider !== "catalogue" || !emotion || tracks.length === 0) {
    return "";
  }
  if (stays) {
    return t("tracks.stays");
  }
  return goal === "match" ? t(`tracks.why.${emotion}`) : "";
}

function placeholder() {
  const card = document.createElement("li");
  card.className = "card placeholder";
  card.setAttribute("aria-hidden", "true");
  const words = card.appendChild(document.createElement("div"));
  words.className = "words";
  words.append(line("title", "\u00a0"), line("by", "\u00a0"));
  card.appendChild(document.createElement("div")).className = "row";
  return card;
}

/** @param {string} text @param {string} label the same with the track's title, for those who do not see the card */
function small(text, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  return button;
}

/** @param {string} className @param {string} content cut with an ellipsis where it is too long, whole as the tooltip */
function line(className, content) {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = content;
  element.title = content.trim();
  return element;
}
