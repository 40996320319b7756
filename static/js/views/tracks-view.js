/**
 * Track cards with Spotify's player inside: a plain lazy iframe, no script, no credentials. Knows no socket.
 * A player that had focus is never removed: somebody listens to it.
 */

const PLAYER = "https://open.spotify.com/embed/track/";
const DARK = "(prefers-color-scheme: dark)";
const PLACEHOLDERS = 8;

export class TracksView {
  #element;
  #t;
  #title;
  #note;
  #cards;
  #onFeedback;

  /**
   * @param {HTMLElement} element with a title, a note and a list
   * @param {import("../types.js").Translate} t
   * @param {((id: string, like: boolean) => void)|null} onFeedback null where nobody listens to it
   */
  constructor(element, t, onFeedback) {
    this.#element = element;
    this.#t = t;
    this.#onFeedback = onFeedback;
    this.#title = /** @type {HTMLElement} */ (element.querySelector("h2"));
    this.#note = /** @type {HTMLElement} */ (element.querySelector(".note"));
    this.#cards = /** @type {HTMLElement} */ (element.querySelector(".cards"));
    // A click into a player of another origin is seen here only as the window's loss of focus.
    window.addEventListener("blur", () => this.#keepFocused());
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
   */
  update(title, tracks, note) {
    this.#keepFocused();
    this.#title.textContent = title;
    this.#note.textContent = note;
    this.#cards.removeAttribute("aria-busy");
    const kept = new Set();
    for (const card of [...this.#cards.children]) {
      if (card instanceof HTMLElement && card.dataset.kept) {
        kept.add(card.dataset.id);
      } else {
        card.remove();
      }
    }
    // Kept cards are not moved either: a frame that is moved in the document reloads.
    this.#cards.append(...tracks.filter((track) => !kept.has(track.id)).map((track) => this.#card(track)));
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

  /** Ids of the tracks that are shown. @returns {string[]} */
  get ids() {
    return [...this.#cards.children].flatMap((card) => (card instanceof HTMLElement && card.dataset.id ? [card.dataset.id] : []));
  }

  #keepFocused() {
    const card = document.activeElement?.closest(".card");
    if (card instanceof HTMLElement && this.#cards.contains(card) && document.activeElement instanceof HTMLIFrameElement) {
      card.dataset.kept = "true";
    }
  }

  /** @param {import("../types.js").Track} track */
  #card(track) {
    const card = document.createElement("li");
    card.className = "card";
    card.dataset.id = track.id;
    const words = card.appendChild(document.createElement("div"));
    words.className = "words";
    const by = track.year ? this.#t("tracks.by", { artist: track.artist, year: track.year }) : track.artist;
    words.append(line("title", track.title), line("by", by));
    const player = card.appendChild(document.createElement("div"));
    player.className = "player";
    player.append(frame(track, this.#t("tracks.player", { title: track.title, artist: track.artist })));
    const row = card.appendChild(document.createElement("div"));
    row.className = "row";
    if (this.#onFeedback) {
      row.append(this.#like(track), this.#dislike(track, card));
    }
    const link = row.appendChild(document.createElement("a"));
    link.href = track.url;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = this.#t("tracks.open");
    link.setAttribute("aria-label", this.#t("tracks.openLong", { title: track.title, artist: track.artist }));
    return card;
  }

  /** @param {import("../types.js").Track} track */
  #like(track) {
    const button = small(this.#t("tracks.like"), this.#t("tracks.likeLong", { title: track.title }));
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", "true");
      this.#onFeedback?.(track.id, true);
    });
    return button;
  }

  /** @param {import("../types.js").Track} track @param {HTMLElement} card */
  #dislike(track, card) {
    const button = small(this.#t("tracks.dislike"), this.#t("tracks.dislikeLong", { title: track.title }));
    button.addEventListener("click", () => {
      const neighbour = card.nextElementSibling ?? card.previousElementSibling;
      card.remove();
      // Keyboard focus moves to the card's neighbour.
      /** @type {HTMLElement|null|undefined} */ (neighbour?.querySelector("button"))?.focus({ preventScroll: true });
      this.#onFeedback?.(track.id, false);
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

/** @param {import("../types.js").Track} track @param {string} title */
function frame(track, title) {
  const element = document.createElement("iframe");
  element.loading = "lazy";
  element.title = title;
  element.allow = "autoplay; clipboard-write; encrypted-media; fullscreen; picture-in-picture";
  element.src = `${PLAYER}${encodeURIComponent(track.id)}${matchMedia(DARK).matches ? "?theme=0" : ""}`;
  return element;
}

function placeholder() {
  const card = document.createElement("li");
  card.className = "card placeholder";
  card.setAttribute("aria-hidden", "true");
  const words = card.appendChild(document.createElement("div"));
  words.className = "words";
  words.append(line("title", "\u00a0"), line("by", "\u00a0"));
  const player = card.appendChild(document.createElement("div"));
  player.className = "player";
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
