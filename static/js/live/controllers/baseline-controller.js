/**
 * The listener's baseline: recorded while they look neutral, stored in this browser, forgotten on request.
 */

import { dialog, element, progress } from "../../lib/elements.js";
import { lazy } from "../../lib/lazy.js";

export class BaselineController {
  #page;
  #load = lazy(() => import("../baseline-recorder.js"));
  /** @type {import("../baseline-recorder.js").BaselineRecorder|null} while it records */ #recorder = null;

  /** @param {import("../page.js").Page} page */
  constructor(page) {
    this.#page = page;
    page.state.observe(["stage"], ({ stage }) => (stage === "live" ? this.#load().catch(console.error) : this.#end()));
    page.state.observe(["stage", "baseline"], () => this.#render());
    // The smoothed probabilities may be corrected by an older baseline: what the face itself shows is recorded.
    page.state.observe(["reply"], ({ reply }) => this.#record(reply?.faces[0]?.probabilities));
    element("rest-teach").addEventListener("click", () => this.record());
    element("rest-forget").addEventListener("click", () => this.#forget());
    this.#render();
  }

  async record() {
    dialog("settings").close();
    const { BaselineRecorder } = await this.#load();
    if (this.#page.values.stage === "live") {
      this.#recorder = new BaselineRecorder(performance.now());
      element("resting").hidden = false;
      progress("resting-progress").value = 0;
    }
  }

  #end() {
    this.#recorder = null;
    element("resting").hidden = true;
  }

  /** @param {number[]|null|undefined} probabilities of the largest face */
  #record(probabilities) {
    if (!this.#recorder) {
      return;
    }
    const recording = this.#recorder.add(probabilities, performance.now());
    progress("resting-progress").value = recording.progress;
    if (!recording.done) {
      return;
    }
    this.#end();
    if (recording.probabilities) {
      this.#keep(recording.probabilities);
    }
    this.#page.confirm(this.#page.t(recording.probabilities ? "rest.done" : "rest.failed"), { at: "stage" });
  }

  #forget() {
    this.#keep(null);
    this.#page.confirm(this.#page.t("rest.forgotten"), { at: "settings" });
  }

  /** @param {number[]|null} baseline */
  #keep(baseline) {
    this.#page.preferences.set("resting", baseline && JSON.stringify(baseline));
    this.#page.state.update({ baseline });
  }

  #render() {
    const { baseline, stage } = this.#page.values;
    if (!baseline && document.activeElement === element("rest-forget")) {
      element(stage === "live" ? "rest-teach" : "settings-close").focus();
    }
    element("rest-teach").hidden = stage !== "live";
    element("rest-needs").hidden = stage === "live";
    element("rest-forget").hidden = !baseline;
    element("rest-teach").textContent = this.#page.t(baseline ? "rest.again" : "rest.teach");
  }
}
