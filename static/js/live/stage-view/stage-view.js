/**
 * The stage view, for a second screen or a phone on the table: the mood's colour and word, the track, nothing else. Full screen
 * where the browser allows it; the screen stays awake while music plays.
 */

import { element } from "../../lib/elements.js";
import { loadSheet } from "../../lib/lazy.js";
import { ScreenLock } from "./screen-lock.js";

const SHEET = new URL("../../../stage-view.css", import.meta.url).href;
/** How long its buttons stay after the pointer moved. */
const BUTTONS_MS = 3000;
/** A breath lasts so long, seconds, at the calmest and the most excited mood. */
const SLOWEST_S = 9;
const FASTEST_S = 3;

/** @typedef {import("../../player/player.js").PlayerState} PlayerState */

export class StageView {
  #page;
  #dialog = document.createElement("dialog");
  #word = paragraph("stage-word");
  #track = paragraph("stage-track");
  #lock = new ScreenLock();
  #timer = 0;
  /** @type {PlayerState|null} */ #playing = null;

  /** @param {import("../page.js").Page} page @param {import("../controllers/player-controller.js").PlayerController} player */
  constructor(page, player) {
    this.#page = page;
    this.#dialog.className = "stage-view";
    this.#dialog.id = "stage-view";
    this.#dialog.setAttribute("aria-label", page.t("stageview.title"));
    const close = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: page.t("page.close") });
    close.addEventListener("click", () => this.#dialog.close());
    // The keyboard is at no button: the space bar plays and pauses.
    Object.assign(this.#word, { tabIndex: -1, autofocus: true });
    const orb = Object.assign(document.createElement("div"), { className: "stage-orb" });
    this.#dialog.append(orb, this.#word, this.#track, close);
    document.body.append(this.#dialog);
    this.#dialog.addEventListener("close", () => this.#closed());
    this.#dialog.addEventListener("pointermove", () => this.#showButtons());
    this.#dialog.addEventListener("keydown", (event) => event.key === " " && event.target !== close && this.#toggle(event, player));
    document.addEventListener("fullscreenchange", () => !document.fullscreenElement && this.#dialog.close());
    page.state.observe(["mood"], () => this.#render());
    player.mounted().then(({ player: mounted }) => {
      mounted.state.observe(["phase", "current"], (state) => this.#heard(state));
      this.#heard(mounted.values);
    }, console.error);
  }

  async open() {
    await loadSheet(SHEET);
    this.#dialog.showModal();
    this.#render();
    this.#showButtons();
    // Not every phone has it, and it is refused without a press: the view fills the window all the same.
    await document.documentElement.requestFullscreen?.().catch(() => undefined);
  }

  #closed() {
    this.#render();
    element("stage-view-open").focus({ preventScroll: true });
    if (document.fullscreenElement) {
      document.exitFullscreen().catch(() => undefined);
    }
  }

  /** @param {PlayerState} state */
  #heard(state) {
    this.#playing = state;
    this.#render();
  }

  #render() {
    const { mood } = this.#page.values;
    const { current = null, phase = "empty" } = this.#playing ?? {};
    this.#word.textContent = mood ? this.#page.label(mood.emotion) : "";
    this.#track.textContent = current ? this.#page.t("stageview.track", { title: current.track.title, artist: current.track.artist }) : "";
    const arousal = mood?.arousal ?? (mood && this.#page.emotions.get(mood.emotion)?.arousal) ?? 0;
    const breath_s = SLOWEST_S + ((arousal + 1) / 2) * (FASTEST_S - SLOWEST_S);
    this.#dialog.style.setProperty("--breath", `${breath_s.toFixed(1)}s`);
    this.#lock.hold(this.#dialog.open && (phase === "playing" || phase === "loading"));
  }

  #showButtons() {
    clearTimeout(this.#timer);
    this.#dialog.classList.add("touched");
    this.#timer = window.setTimeout(() => this.#dialog.classList.remove("touched"), BUTTONS_MS);
  }

  /** @param {KeyboardEvent} event @param {import("../controllers/player-controller.js").PlayerController} player */
  #toggle(event, player) {
    event.preventDefault();
    player.toggle();
  }
}

/** @param {string} className */
function paragraph(className) {
  return Object.assign(document.createElement("p"), { className });
}
