/**
 * The listener's wishes for every track: reads the controls, returns them under the server's names.
 */

import { requestJson } from "../lib/http.js";

/** Offered where nobody says what is at hand. */
const DECADES = [1960, 1970, 1980, 1990, 2000, 2010, 2020];
/** As many tracks a decade needs to be worth a chip. */
const MIN_DECADE = 8;

export class Wishes {
  #element;
  #decades;
  /** Settled once the decades are there. @type {Promise<void>} */ ready;

  /**
   * @param {HTMLElement} element holds the controls
   * @param {import("../types.js").Translate} t
   * @param {() => void} onChange
   */
  constructor(element, t, onChange) {
    this.#element = element;
    this.#decades = /** @type {HTMLElement} */ (element.querySelector("#decades"));
    element.addEventListener("change", onChange);
    const known = atHand([]);
    this.ready = known.then((what) => this.#offer(what, t));
    genreNames(element, t, known);
  }

  /** Only what the tracks at hand can fulfil. @param {AtHand|null} known @param {import("../types.js").Translate} t */
  #offer(known, t) {
    const count = (/** @type {number} */ year) => known?.decades[year] ?? (known ? 0 : undefined);
    for (const year of DECADES.filter((decade) => (count(decade) ?? MIN_DECADE) >= MIN_DECADE)) {
      const label = this.#decades.appendChild(document.createElement("label"));
      const box = label.appendChild(document.createElement("input"));
      Object.assign(box, { type: "checkbox", name: "decade", value: String(year) });
      const name = t("wish.decade", { year });
      label.append(known ? t("wish.count", { name, count: count(year) ?? 0 }) : name);
    }
    const instrumental = this.#field("instrumental").closest("label");
    if (instrumental && known?.instrumental === 0) {
      instrumental.hidden = true;
    }
  }

  /** The wishes of the moment; nothing asked is left out. @returns {Record<string, any>} */
  get values() {
    const decades = this.#boxes.filter((box) => box.checked).map((box) => Number(box.value));
    const liked = genres(this.#field("genres-liked").value);
    const barred = genres(this.#field("genres-barred").value);
    const familiarity = this.#field("familiarity").value;
    return {
      ...(decades.length && { decades }),
      ...(liked.length && { genres_liked: liked }),
      ...(barred.length && { genres_barred: barred }),
      ...(familiarity && { familiarity: Number(familiarity) }),
      ...(this.#field("instrumental").checked && { instrumental_only: true }),
      ...(this.#field("clean").checked && { explicit: false }),
    };
  }

  /** Sets the controls without asking for tracks. @param {Record<string, any>} values as `values` gave them */
  restore({ decades = [], genres_liked = [], genres_barred = [], familiarity = "", instrumental_only = false, explicit = true }) {
    this.#boxes.forEach((box) => (box.checked = decades.includes(Number(box.value))));
    this.#field("genres-liked").value = genres_liked.join(", ");
    this.#field("genres-barred").value = genres_barred.join(", ");
    this.#field("familiarity").value = String(familiarity);
    this.#field("instrumental").checked = instrumental_only;
    this.#field("clean").checked = !explicit;
  }

  get #boxes() {
    return /** @type {HTMLInputElement[]} */ ([...this.#decades.querySelectorAll("input")]);
  }

  /** @param {string} id */
  #field(id) {
    return /** @type {HTMLInputElement} */ (this.#element.querySelector(`#${id}`));
  }
}

/** How long the listener pauses before the server is asked what the names mean. */
const PAUSE_MS = 300;

/** @typedef {{genres: string[], meant: Record<string, number>, decades: Record<string, number>, instrumental: number}} AtHand what the server's tracks can fulfil */

/** @param {string[]} names of genres @returns {Promise<AtHand|null>} null without a network: nobody can say then */
function atHand(names) {
  return requestJson(`api/v1/genres?wishes=${encodeURIComponent(names.join(","))}`).catch(() => null);
}

/**
 * Completes the last name in the fields for genres, with how many tracks each means, and says which names mean nothing here.
 * @param {HTMLElement} element
 * @param {import("../types.js").Translate} t
 * @param {Promise<AtHand|null>} known
 */
function genreNames(element, t, known) {
  const fields = ["#genres-liked", "#genres-barred"].map((name) => /** @type {HTMLInputElement} */ (element.querySelector(name)));
  const list = element.querySelector("#genre-names");
  const unknown = /** @type {HTMLElement} */ (element.querySelector("#genres-unknown"));
  let timer = 0;
  /** @param {string[]} offered */
  const check = async (offered) => {
    const asked = fields.flatMap(({ value }) => genres(value));
    const reply = await atHand([...asked, ...offered.map(lastOf)]);
    const none = asked.filter((name) => reply?.meant[name] === 0);
    unknown.textContent = none.length ? t("wish.unknown", { names: none.map((name) => `“${name}”`).join(", ") }) : "";
    unknown.hidden = none.length === 0;
    list?.replaceChildren(...offered.filter((value) => reply?.meant[lastOf(value)] !== 0).map((value) => option(value, reply?.meant[lastOf(value)], t)));
  };
  for (const field of fields) {
    field.addEventListener("input", async () => {
      const offered = completions(field.value, (await known)?.genres ?? []);
      clearTimeout(timer);
      timer = window.setTimeout(() => check(offered), PAUSE_MS);
    });
  }
}

/** @param {string} value @param {number|undefined} count of tracks @param {import("../types.js").Translate} t */
function option(value, count, t) {
  const made = Object.assign(document.createElement("option"), { value });
  if (count !== undefined) {
    made.label = t("wish.count", { name: value, count });
  }
  return made;
}

/** @param {string} text names between commas @returns {string} the last one */
function lastOf(text) {
  return text.slice(text.lastIndexOf(",") + 1).trim();
}

/**
 * What a field's text may become: the names before stay, the last one is completed.
 * @param {string} text names between commas
 * @param {string[]} names
 * @returns {string[]}
 */
export function completions(text, names) {
  const comma = text.lastIndexOf(",") + 1;
  const start = text.slice(0, comma) + (comma ? " " : "");
  const last = text.slice(comma).trim().toLowerCase();
  return last ? names.filter((name) => name.startsWith(last) && name !== last).slice(0, 8).map((name) => start + name) : [];
}

/** @param {string} text names between commas @returns {string[]} lower case, each once */
export function genres(text) {
  return [...new Set(text.toLowerCase().split(",").map((name) => name.trim()))].filter(Boolean);
}
