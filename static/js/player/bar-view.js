/**
 * The player's bar at the foot of the page: what plays, its controls, one line of notices, the queue as a list that opens.
 * Knows no source.
 */

import { QueueView } from "./queue-view.js";

const LOGIN_URL = "https://accounts.spotify.com/login";
const ICONS = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 4.5h4.5v15H6zM13.5 4.5H18v15h-4.5z",
  next: "M5 4.5l10 7.5-10 7.5zM16.5 4.5H19v15h-2.5z",
  back: "M19 4.5L9 12l10 7.5zM5 4.5h2.5v15H5z",
  queue: "M4 6h16v2H4zM4 11h16v2H4zM4 16h10v2H4z",
  volume: "M4 9h4l5-4v14l-5-4H4zM15.5 8.5a5 5 0 0 1 0 7l1.2 1.2a6.7 6.7 0 0 0 0-9.4z",
};

/** @typedef {import("./player.js").PlayerState} PlayerState */

/**
 * @typedef {Object} BarActions
 * @property {() => void} toggle
 * @property {() => void} next
 * @property {() => void} back
 * @property {(position_s: number) => void} seek
 * @property {(volume: number) => void} setVolume 0..1
 * @property {(index: number) => void} jump
 * @property {(from: number, to: number) => void} move
 * @property {(index: number) => void} remove
 * @property {(index: number, like: boolean) => void} [feedback] left out where nobody listens to it
 * @property {() => void} open the queue
 * @property {(format: "m3u"|"jspf") => void} save
 * @property {() => void} clear
 * @property {(choice: string) => void} chooseFill
 */

export class BarView {
  #t;
  #element = /** @type {HTMLElement} */ (document.createElement("section"));
  #title = paragraph("title");
  #by = paragraph("by");
  #note = paragraph("player-note");
  #said = paragraph("unseen");
  #toggle;
  #next;
  #open;
  #seek = document.createElement("input");
  #time = document.createElement("span");
  #volume = document.createElement("input");
  /** The slider with its picture. */ #volumeBox = document.createElement("span");
  #panel = document.createElement("div");
  #side = document.createElement("div");
  #fill = document.createElement("select");
  #queue;
  #dragging = false;
  #saidId = "";
  #saidPreview = false;
  /** Where the source's own frame goes. */ embed = document.createElement("div");

  /** @param {import("../types.js").Translate} t @param {BarActions} actions */
  constructor(t, actions) {
    this.#t = t;
    this.#element.className = "player-bar";
    this.#element.id = "player";
    this.#element.setAttribute("aria-label", t("player.label"));
    this.#element.hidden = true;
    this.embed.className = "player-embed";
    this.embed.hidden = true;
    const back = this.#button("back", t("player.back"), actions.back);
    this.#toggle = this.#button("play", t("player.play"), actions.toggle);
    this.#toggle.classList.add("player-toggle");
    this.#next = this.#button("next", t("player.next"), actions.next);
    this.#open = this.#button("queue", t("player.queue"), () => this.#togglePanel(actions.open));
    this.#open.setAttribute("aria-expanded", "false");
    this.#open.setAttribute("aria-controls", "player-queue");
    Object.assign(this.#seek, { type: "range", min: "0", max: "1", step: "1", value: "0", disabled: true });
    this.#seek.setAttribute("aria-label", t("player.position"));
    this.#seek.addEventListener("input", () => {
      this.#dragging = true;
      this.#showTime(Number(this.#seek.value), Number(this.#seek.max));
    });
    this.#seek.addEventListener("change", () => {
      this.#dragging = false;
      actions.seek(Number(this.#seek.value));
    });
    this.#time.className = "player-time";
    Object.assign(this.#volume, { type: "range", min: "0", max: "100", step: "5" });
    this.#volume.setAttribute("aria-label", t("player.volume"));
    this.#volume.addEventListener("input", () => actions.setVolume(Number(this.#volume.value) / 100));
    this.#volumeBox.className = "player-volume";
    this.#volumeBox.append(icon("volume"), this.#volume);
    this.#note.setAttribute("role", "status");
    this.#said.setAttribute("role", "status");
    this.#panel.id = "player-queue";
    this.#panel.className = "player-queue";
    this.#panel.hidden = true;
    this.#queue = new QueueView(t, actions);
    this.#side.className = "player-side";
    this.#side.append(this.#tools(actions));
    this.#panel.append(this.#head(actions), this.#queue.element, this.#side);
    this.#element.append(
      box("player-words", this.#title, this.#by), box("player-buttons", back, this.#toggle, this.#next, this.#open),
      box("player-seek", this.#seek, this.#time, this.#volumeBox), this.embed, this.#note, this.#said,
    );
    this.#element.prepend(this.#panel);
    this.#element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.#panel.hidden) {
        this.#togglePanel();
        this.#open.focus();
      }
    });
    document.body.append(this.#element);
    // The page keeps so much room at its foot.
    new ResizeObserver(() => this.#keepRoom()).observe(this.#element);
  }

  /** @param {PlayerState} state @param {{canSeek: boolean, canSetVolume: boolean, hasNext: boolean}} can what can be done now */
  update({ phase, current, position_s, duration_s, preview, volume, problem }, { canSeek, canSetVolume, hasNext }) {
    this.#element.hidden = phase === "empty";
    document.documentElement.classList.toggle("has-player", phase !== "empty");
    if (!current) {
      return;
    }
    const { title, artist } = current.track;
    setText(this.#title, title);
    setText(this.#by, current.why ? this.#t("player.by", { artist, why: current.why }) : artist);
    const active = phase === "playing" || phase === "loading";
    if (this.#toggle.dataset.icon !== (active ? "pause" : "play")) {
      setIcon(this.#toggle, active ? "pause" : "play");
      this.#toggle.setAttribute("aria-label", this.#t(active ? "player.pause" : "player.play"));
    }
    this.#element.dataset.phase = phase;
    this.#next.disabled = !hasNext;
    this.#seek.disabled = !canSeek || !duration_s;
    this.#volumeBox.hidden = !canSetVolume;
    this.#volume.value = String(Math.round(volume * 100));
    if (!this.#dragging) {
      this.#seek.max = String(Math.max(Math.round(duration_s), 1));
      this.#seek.value = String(Math.round(position_s));
      this.#showTime(position_s, duration_s);
    }
    this.#showNote(problem, preview);
    if (phase === "playing" && this.#saidId !== current.track.id) {
      this.#saidId = current.track.id;
      setText(this.#said, this.#t("player.now", { title, artist }));
    }
  }

  /** @param {import("./queue.js").QueueEntry[]} entries @param {number} index of the current one */
  updateQueue(entries, index) {
    this.#queue.update(entries, index);
  }

  /** Puts something beside the queue's list; below it where there is no room. @param {HTMLElement} element */
  addToQueue(element) {
    this.#side.prepend(element);
  }

  /** @param {string|null} choice */
  showFill(choice) {
    this.#fill.value = choice ?? "ask";
  }

  /** @param {PlayerState["problem"]} problem @param {boolean} preview */
  #showNote(problem, preview) {
    if (problem) {
      setText(this.#note, this.#problemText(problem));
    } else if (preview && !this.#saidPreview) {
      this.#saidPreview = true;
      const link = Object.assign(document.createElement("a"), { href: LOGIN_URL, target: "_blank", rel: "noopener", textContent: this.#t("player.login") });
      this.#note.replaceChildren(this.#t("player.preview"), " ", link);
    } else if (!preview || this.#note.childElementCount === 0) {
      setText(this.#note, "");
    }
  }

  /** @param {NonNullable<PlayerState["problem"]>} problem */
  #problemText({ reason, title, stopped }) {
    return stopped
      ? `${this.#t("player.problem.stopped")} ${this.#t(`player.cause.${reason}`)}`
      : this.#t(`player.problem.${reason}`, { title });
  }

  /** @param {BarActions} actions */
  #head(actions) {
    const heading = document.createElement("h2");
    heading.textContent = this.#t("player.queue");
    return box("player-head", heading, quiet(this.#t("player.clear"), actions.clear));
  }

  /** @param {BarActions} actions */
  #tools(actions) {
    const label = document.createElement("label");
    const words = document.createElement("span");
    words.textContent = this.#t("player.fill");
    this.#fill.append(...["ask", "append", "replace"].map((choice) => new Option(this.#t(`player.fill.${choice}`), choice)));
    this.#fill.addEventListener("change", () => actions.chooseFill(this.#fill.value));
    label.append(words, this.#fill);
    const m3u = quiet("M3U", () => actions.save("m3u"));
    m3u.setAttribute("aria-label", this.#t("player.save", { format: "M3U" }));
    const jspf = quiet("JSPF", () => actions.save("jspf"));
    jspf.setAttribute("aria-label", this.#t("player.save", { format: "JSPF" }));
    return box("player-tools", label, m3u, jspf);
  }

  /** @param {() => void} [onOpen] */
  #togglePanel(onOpen) {
    this.#panel.hidden = !this.#panel.hidden;
    if (!this.#panel.hidden) {
      onOpen?.();
    }
    this.#open.setAttribute("aria-expanded", String(!this.#panel.hidden));
  }

  #keepRoom() {
    const height_px = this.#element.hidden ? 0 : this.#element.offsetHeight - (this.#panel.hidden ? 0 : this.#panel.offsetHeight);
    document.documentElement.style.setProperty("--player-height", `${height_px}px`);
  }

  /** @param {number} position_s @param {number} duration_s */
  #showTime(position_s, duration_s) {
    setText(this.#time, duration_s ? `${clock(position_s)} / ${clock(duration_s)}` : "");
    this.#seek.setAttribute("aria-valuetext", `${clock(position_s)} / ${clock(duration_s)}`);
  }

  /** @param {keyof typeof ICONS} icon @param {string} label @param {() => void} action */
  #button(icon, label, action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet round";
    button.setAttribute("aria-label", label);
    setIcon(button, icon);
    button.addEventListener("click", action);
    return button;
  }
}

/** @param {number} seconds @returns {string} minutes:seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** @param {string} text @param {() => void} action */
function quiet(text, action) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: text });
  made.addEventListener("click", action);
  return made;
}

/** @param {HTMLElement} button @param {keyof typeof ICONS} name */
function setIcon(button, name) {
  button.replaceChildren(icon(name));
  button.dataset.icon = name;
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path")).setAttribute("d", ICONS[name]);
  return svg;
}

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** @param {string} className */
function paragraph(className) {
  return Object.assign(document.createElement("p"), { className });
}

/** @param {string} className @param {...Node} children */
function box(className, ...children) {
  const made = Object.assign(document.createElement("div"), { className });
  made.append(...children);
  return made;
}
