/**
 * The journal as a sheet: today and the week in the moods' colours, what lifted the listener, what they liked; saved as a file or
 * erased by one press.
 */

import { saveFile } from "../../lib/save-file.js";
import { dayCells, lifting, shares, weekCells } from "./summary.js";

/** @typedef {import("./store.js").Entries} Entries */

/**
 * @typedef {Object} JournalActions
 * @property {(track: import("../../types.js").Track) => void} play
 * @property {() => Promise<void>} erase
 */

export class JournalView {
  #page;
  #actions;
  #dialog = document.createElement("dialog");
  #body = document.createElement("div");
  /** @type {Entries} */ #entries = { minutes: [], plays: [], judged: [] };

  /** @param {import("../page.js").Page} page @param {JournalActions} actions */
  constructor(page, actions) {
    this.#page = page;
    this.#actions = actions;
    const { t } = page;
    this.#dialog.id = "journal";
    this.#dialog.setAttribute("aria-labelledby", "journal-title");
    const title = made("h2", { id: "journal-title", tabIndex: -1, textContent: t("journal.title") });
    const save = this.#button(t("journal.save"), () => this.#save());
    const erase = this.#button(t("journal.erase"), () => this.#erase());
    const close = this.#button(t("page.close"), () => this.#dialog.close());
    close.className = "main";
    this.#dialog.append(title, made("p", { textContent: t("journal.note") }), this.#body, made("div", { className: "acts" }, save, erase), close);
    document.body.append(this.#dialog);
  }

  /** @param {Entries} entries */
  show(entries) {
    this.#entries = entries;
    const { t } = this.#page;
    const parts = entries.minutes.length || entries.plays.length || entries.judged.length ? this.#parts(new Date()) : [made("p", { textContent: t("journal.empty") })];
    this.#body.replaceChildren(...parts);
    if (!this.#dialog.open) {
      this.#dialog.showModal();
    }
  }

  /** @param {Date} now */
  #parts(now) {
    const { t } = this.#page;
    const { minutes, plays, judged } = this.#entries;
    const day = dayCells(minutes, now);
    const week = weekCells(minutes, now);
    const weekday = new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short" });
    const rows = week.map(({ at, hours }) =>
      made("div", { className: "journal-row" }, made("span", { textContent: weekday.format(at) }), this.#strip(hours)));
    const liked = judged.flatMap(({ like, track }) => (like && track ? [track] : [])).reverse();
    return [
      made("h3", { textContent: t("journal.today") }),
      this.#picture(t("journal.today"), day, this.#strip(day)),
      made("h3", { textContent: t("journal.week") }),
      this.#picture(t("journal.week"), week.flatMap(({ hours }) => hours), ...rows),
      ...this.#list(t("journal.lifted"), t("journal.lifted.note"), lifting(minutes, plays).map(({ track }) => track)),
      ...this.#list(t("journal.liked"), "", liked),
    ];
  }

  /** @param {(string|null)[]} shown a mood for each cell, from left to right in time */
  #strip(shown) {
    const cells = shown.map((mood) => {
      const cell = made("span", { className: "cell" });
      const emotion = this.#page.emotions.get(/** @type {import("../../types.js").EmotionName} */ (mood));
      if (emotion) {
        cell.style.setProperty("--own", emotion.colour.glow);
        cell.classList.add("seen");
      }
      return cell;
    });
    return made("div", { className: "journal-strip" }, ...cells);
  }

  /** @param {string} title @param {(string|null)[]} shown @param {...HTMLElement} children */
  #picture(title, shown, ...children) {
    const { t } = this.#page;
    const words = shares(shown).map(({ mood, share }) => `${this.#page.label(mood)} ${Math.round(share * 100)} %`);
    const figure = made("div", { className: "journal-picture" }, ...children);
    figure.setAttribute("role", "img");
    figure.setAttribute("aria-label", `${title}: ${words.join(", ") || t("line.empty")}`);
    return figure;
  }

  /** @param {string} title @param {string} note @param {import("../../types.js").Track[]} tracks */
  #list(title, note, tracks) {
    const { t } = this.#page;
    if (!tracks.length) {
      return [];
    }
    const rows = tracks.map((track) => {
      const play = this.#button(t("tracks.play"), () => this.#actions.play(track));
      play.className = "small play";
      play.setAttribute("aria-label", t("player.playTrack", { title: track.title, artist: track.artist }));
      return made("li", {}, made("span", { textContent: `${track.title} – ${track.artist}` }), play);
    });
    return [made("h3", { textContent: title }), ...(note ? [made("p", { textContent: note })] : []), made("ul", { className: "journal-tracks" }, ...rows)];
  }

  #save() {
    saveFile("feelharmonic-journal.json", new Blob([JSON.stringify(this.#entries, null, 1)], { type: "application/json" }));
  }

  async #erase() {
    await this.#actions.erase();
    this.show({ minutes: [], plays: [], judged: [] });
  }

  /** @param {string} text @param {() => void} action */
  #button(text, action) {
    const button = made("button", { type: "button", className: "quiet", textContent: text });
    button.addEventListener("click", action);
    return button;
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, unknown>} fields @param {...Node} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function made(tag, fields, ...children) {
  const element = Object.assign(document.createElement(tag), fields);
  element.append(...children);
  return element;
}
