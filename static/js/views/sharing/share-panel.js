/**
 * What a list can be passed on as: a link, plain text, a picture without a face. Opened at the list's "Share".
 */

import { element } from "../../lib/elements.js";
import { saveFile } from "../../lib/save-file.js";
import { sharePicture } from "./share-picture.js";

/**
 * @typedef {Object} Shared
 * @property {import("../../types.js").Emotion} emotion that the list is for
 * @property {string} title of the list
 * @property {string} name of the hour, empty where it has none
 * @property {import("../../types.js").Track[]} tracks
 * @property {string} link
 *
 * @typedef {Object} SharingPage
 * @property {import("../../types.js").Translate} t
 * @property {(text: string, options?: {stays?: boolean}) => void} say shows a confirmation
 * @property {() => Shared|null} shared what is shown at the moment
 */

export class SharePanel {
  #page;
  #link;
  #text;

  /** @param {SharingPage} page */
  constructor(page) {
    this.#page = page;
    const { t } = page;
    // Nobody else can open an address of this machine alone.
    const alone = Object.assign(document.createElement("p"), { className: "note", textContent: isLoopback(location.hostname) ? t("share.alone") : "" });
    this.#link = this.#button(t("share.link"), ({ link }) => this.#copy(link, t("tracks.copied")));
    this.#text = this.#button(t("share.text"), (shared) => this.#copy(asText(shared), t("share.textCopied")));
    element("share-panel").replaceChildren(alone, this.#link, this.#text, this.#button(t("share.picture"), savePicture));
  }

  toggle() {
    const panel = element("share-panel");
    panel.hidden = !panel.hidden;
    element("share").setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) {
      (isLoopback(location.hostname) ? this.#text : this.#link).focus();
    }
  }

  /** @param {string} text @param {(shared: Shared) => Promise<void>} action */
  #button(text, action) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: text });
    button.addEventListener("click", async () => {
      const shared = this.#page.shared();
      if (shared) {
        await action(shared);
      }
    });
    return button;
  }

  /** @param {string} text @param {string} done */
  async #copy(text, done) {
    try {
      await navigator.clipboard.writeText(text);
      this.#page.say(done);
    } catch {
      // No clipboard without a secure page or the permission: the text itself is shown.
      this.#page.say(this.#page.t("tracks.copy", { url: text }), { stays: true });
    }
  }
}

/** @param {Shared} shared */
async function savePicture({ emotion, ...list }) {
  const blob = await sharePicture({ ...list, mood: emotion.label, colour: emotion.colour.glow });
  if (blob) {
    saveFile("feelharmonic.png", blob);
  }
}

/** @param {Shared} shared @returns {string} a line for each track, with its address */
export function asText({ title, name, tracks }) {
  const lines = tracks.map((track, i) => `${i + 1}. ${track.artist} – ${track.title}\n   ${track.url}`);
  return [name ? `${title} (${name})` : title, ...lines].join("\n");
}

/** @param {string} host */
export function isLoopback(host) {
  return host === "localhost" || host === "[::1]" || /^127\./.test(host);
}
