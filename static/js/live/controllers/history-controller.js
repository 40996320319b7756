/**
 * The mood line: adds every reply to the history, draws the chart, saves both as files.
 */

import { element } from "../../lib/elements.js";
import { saveFile } from "../../lib/save-file.js";
import { MoodChart } from "../../views/mood-chart.js";
import { MoodHistory } from "../mood-history.js";

const FILE_NAME = "feelharmonic-mood";

export class HistoryController {
  #page;
  #history = new MoodHistory();
  #chart;

  /** @param {import("../page.js").Page} page */
  constructor(page) {
    this.#page = page;
    this.#chart = new MoodChart(element("chart"), page.config.emotions);
    const names = page.config.emotions.map(({ name }) => name);
    page.state.observe(["reply"], ({ reply }) => reply && this.#add(reply));
    element("line-csv").addEventListener("click", () => saveText("csv", "text/csv", this.#history.toCsv(names)));
    element("line-json").addEventListener("click", () => saveText("json", "application/json", this.#history.toJson(names)));
    element("line-png").addEventListener("click", () => this.#savePicture());
    element("line-clear").addEventListener("click", () => this.#clear());
    // A closed section has no width to draw in.
    element("line").addEventListener("toggle", () => this.#draw());
    window.addEventListener("pagehide", () => page.session.set("line", this.#history.pack()));
    this.#history.unpack(page.session.get("line"));
    this.#draw();
  }

  /** @param {import("../../types.js").FrameReply} reply */
  #add({ faces, probabilities, valence, arousal, mood }) {
    const seen = faces.length ? { probabilities, valence, arousal } : { probabilities: null, valence: null, arousal: null };
    if (this.#history.add({ at_ms: Date.now(), mood: mood?.emotion ?? null, ...seen })) {
      this.#draw();
    }
  }

  #draw() {
    // Shown from the second reading on: one point is no line.
    if (this.#history.samples.filter((sample) => sample.probabilities).length > 1) {
      element("line").hidden = false;
      if (/** @type {HTMLDetailsElement} */ (element("line")).open) {
        this.#chart.update(this.#history.samples, this.#summary());
      }
    }
  }

  #summary() {
    const { t } = this.#page;
    const minutes = Math.round(this.#history.length_s / 60);
    const time = minutes ? t("line.minutes", { minutes }) : t("line.seconds", { seconds: Math.round(this.#history.length_s) });
    const shares = this.#history.shares().map(([name, share]) => `${this.#page.label(name) || name} ${Math.round(share * 100)} %`);
    return t("line.summary", { time, shares: shares.join(", ") || "–" });
  }

  #clear() {
    this.#history.clear();
    this.#page.session.set("line", null);
    element("line").hidden = true;
  }

  async #savePicture() {
    const blob = await this.#chart.png();
    if (blob) {
      saveFile(`${FILE_NAME}.png`, blob);
    }
  }
}

/** @param {string} ending @param {string} type @param {string} text */
function saveText(ending, type, text) {
  saveFile(`${FILE_NAME}.${ending}`, new Blob([text], { type }));
}
