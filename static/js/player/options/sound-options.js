/**
 * The two switches of whole songs: cross-fade and equal loudness. Both are on until the listener says otherwise.
 */

const KEYS = /** @type {const} */ ({ fade: "cross-fade", level: "equal-loudness" });

export class SoundOptions {
  element = document.createElement("span");
  #preferences;
  #values;

  /** @param {import("../../types.js").Translate} t @param {import("../../lib/storage.js").BrowserStorage} preferences */
  constructor(t, preferences) {
    this.#preferences = preferences;
    this.#values = { fade: preferences.get(KEYS.fade) !== "off", level: preferences.get(KEYS.level) !== "off" };
    this.element.className = "player-sound";
    this.element.append(this.#box(t("player.fade"), "fade"), this.#box(t("player.level"), "level"));
  }

  /** @returns {import("../sources/fading-source.js").SoundOptions} */
  get values() {
    return this.#values;
  }

  /** @param {string} words @param {"fade"|"level"} name */
  #box(words, name) {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: this.#values[name] });
    box.addEventListener("change", () => {
      this.#values[name] = box.checked;
      this.#preferences.set(KEYS[name], box.checked ? null : "off");
    });
    label.append(box, ` ${words}`);
    return label;
  }
}
