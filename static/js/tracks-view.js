/**
 * Track cards with Spotify's player inside: a plain lazy iframe, no script, no credentials. Knows no socket.
 */

const PLAYER = "https://open.spotify.com/embed/track/";
const DARK = "(prefers-color-scheme: dark)";

export class TracksView {
  #element;
  #title;
  #note;
  #cards;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
    this.#title = element.querySelector("#tracks-title");
    this.#note = element.querySelector("#tracks-note");
    this.#cards = element.querySelector("#cards");
  }

  hide() {
    this.#element.hidden = true;
    this.#cards.replaceChildren();
  }

  /**
   * @param {string} title
   * @param {import("./types.js").SnapReply} reply
   */
  update(title, reply) {
    this.#title.textContent = title;
    this.#note.textContent = note(reply, navigator.onLine);
    this.#cards.replaceChildren(...reply.tracks.map(card));
    this.#element.hidden = false;
  }
}

/**
 * @param {import("./types.js").SnapReply} reply
 * @param {boolean} online
 */
export function note(reply, online) {
  const parts = [];
  if (reply.tracks.length === 0) {
    parts.push("No track fits right now.");
  }
  if (reply.note) {
    parts.push(reply.note);
  }
  if (!online) {
    parts.push("You are offline: the players come back with the network.");
  }
  return parts.join(" ");
}

/** @param {import("./types.js").Track} track */
function card(track) {
  const item = document.createElement("li");
  item.className = "card";
  item.append(text("title", track.title), text("by", track.year ? `${track.artist} · ${track.year}` : track.artist));
  const player = item.appendChild(document.createElement("div"));
  player.className = "player";
  player.append(frame(track));
  const link = item.appendChild(document.createElement("a"));
  link.href = track.url;
  link.target = "_blank";
  link.rel = "noopener";
  link.textContent = "Open in Spotify";
  link.setAttribute("aria-label", `Open ${track.title} by ${track.artist} in Spotify`);
  return item;
}

/** @param {import("./types.js").Track} track */
function frame(track) {
  const element = document.createElement("iframe");
  element.loading = "lazy";
  element.title = `Spotify player: ${track.title} by ${track.artist}`;
  element.allow = "autoplay; clipboard-write; encrypted-media; fullscreen; picture-in-picture";
  element.src = `${PLAYER}${encodeURIComponent(track.id)}${matchMedia(DARK).matches ? "?theme=0" : ""}`;
  return element;
}

function text(className, content) {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = content;
  return element;
}
