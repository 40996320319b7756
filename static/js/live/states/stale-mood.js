/**
 * A mood that is no longer read: while the server does not answer, the last mood is shown faded with the time when it was read,
 * and this device is offered to read instead, where it has or gets the networks.
 */

import { element } from "../../lib/elements.js";
import { request } from "../../lib/http.js";

/** Without an answer for longer, the mood is no longer the one of this moment. */
const STALE_AFTER_MS = 5000;
/** As in the service worker, which keeps the networks there. */
const FILES = "feelharmonic-files";

export class StaleMood {
  #page;
  #clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" });
  #stale = false;

  /** @param {import("../page.js").Page} page @param {import("../controllers/reading-controller.js").ReadingController} reading */
  constructor(page, reading) {
    this.#page = page;
    element("read-here").addEventListener("click", () => reading.useDevice());
    page.state.observe(["connection", "reader", "stage", "reply"], () => this.#check());
    setInterval(() => this.#check(), 1000);
    this.#check();
  }

  #check() {
    const stale = this.#isStale();
    if (stale === this.#stale) {
      return;
    }
    this.#stale = stale;
    document.body.toggleAttribute("data-stale", stale);
    element("read-here").hidden = true;
    const { mood, mood_at_ms, stage } = this.#page.values;
    if (stale && mood) {
      this.#page.state.update({ aside: this.#page.t("mood.asOf", { time: this.#clock.format(mood_at_ms) }) });
    }
    if (stale && stage === "live") {
      this.#offerDevice().catch(console.error);
    }
  }

  #isStale() {
    const { stage, reader, connection, mood_at_ms } = this.#page.values;
    if (stage !== "live" || reader?.onDevice || document.hidden) {
      return false;
    }
    return (connection !== null && connection !== "connected") || (mood_at_ms > 0 && Date.now() - mood_at_ms > STALE_AFTER_MS);
  }

  async #offerDevice() {
    const offered = this.#page.config.on_device !== "never" && ((await areKept()) || (await areReachable()));
    element("read-here").hidden = !offered || !this.#stale;
  }
}

async function areKept() {
  return "caches" in window && (await caches.has(FILES)) && (await (await caches.open(FILES)).keys()).length > 0;
}

/** @returns {Promise<boolean>} whether the server still gives files, though it reads no pictures */
function areReachable() {
  return request("device/parts.json").then(() => true, () => false);
}
