/**
 * What the listener prefers: the switches, stored in this browser, and the language, stored in a cookie by the server.
 */

import { element, input, select } from "../../lib/elements.js";
import { request } from "../../lib/http.js";

/** Switches by their ids, and their state until the listener changes it. @type {Record<string, "on"|"off">} */
const SWITCHES = { "keys-use": "on", "renew-on": "off", "journal-on": "off" };

export class PreferencesController {
  #page;

  /** @param {import("../page.js").Page} page */
  constructor(page) {
    this.#page = page;
    for (const [id, initial] of Object.entries(SWITCHES)) {
      input(id).checked = (page.preferences.get(id) ?? initial) === "on";
      input(id).addEventListener("change", () => page.preferences.set(id, input(id).checked ? "on" : "off"));
    }
    element("language").addEventListener("change", () => this.#chooseLanguage());
    page.state.observe(["connection"], ({ connection }) => {
      const language = page.preferences.get("language");
      if (connection === "connected" && language !== null) {
        this.#sendLanguage(language);
      }
    });
  }

  async #chooseLanguage() {
    if (await this.#sendLanguage(select("language").value)) {
      location.reload();
    } else {
      this.#page.confirm(this.#page.t("page.language.later"), { at: "foot" });
    }
  }

  /**
   * The server stores the language in a cookie that no script reads; while it cannot be reached, the choice waits here.
   * @param {string} language
   * @returns {Promise<boolean>} whether the server stored it
   */
  async #sendLanguage(language) {
    const stored = await request(`language/${language}`, { method: "POST" }).then(() => true, () => false);
    this.#page.preferences.set("language", stored ? null : language);
    return stored;
  }
}
