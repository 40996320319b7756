/**
 * The mood of the moment: its word, its colour, the bars, each face's share of a group's; or a mood picked by hand.
 */

import { element } from "../../lib/elements.js";
import { BarsView } from "../../views/bars-view.js";
import { moodChips } from "../../views/chips.js";
import { applyColour } from "../../views/colour.js";
import { GroupView } from "../../views/group-view.js";
import { MoodView } from "../../views/mood-view.js";

export class MoodController {
  #page;
  #stage;
  #bars;
  #picker;

  /**
   * @param {import("../page.js").Page} page
   * @param {import("./stage-controller.js").StageController} stage
   * @param {import("./reading-controller.js").ReadingController} reading
   * @param {(emotion: import("../../types.js").EmotionName) => void} onPick
   */
  constructor(page, stage, reading, onPick) {
    const { config, emotions, state, t } = page;
    this.#page = page;
    this.#stage = stage;
    this.#bars = new BarsView(element("bars"), config.emotions);
    this.#picker = moodChips(element("by-hand"), config.emotions, ({ name }) => onPick(name));
    const view = new MoodView({ word: element("mood-word"), sure: element("mood-sure"), said: element("mood-said") }, config.emotions, t);
    const group = new GroupView(element("group"), config.emotions, t);
    reading.onFaces((faces, reply) => {
      this.#bars.update(reply.probabilities, reply.mood?.emotion ?? null);
      group.update(faces, reply.group);
    });
    state.observe(["group"], () => group.update([], null));
    state.observe(["stage"], ({ stage: now }) => {
      if (now === "live") {
        this.#picker.update(null);
        view.update(null);
      }
    });
    state.observe(["mood", "aside"], ({ mood, aside }) => {
      // A mood that is lost keeps its colour until the next one.
      const emotion = mood && emotions.get(mood.emotion);
      if (emotion) {
        applyColour(emotion);
      }
      view.update(mood, aside);
    });
  }

  /** Holds a mood that no camera read. @param {import("../../types.js").EmotionName} emotion @param {string} aside */
  hold(emotion, aside) {
    this.#stage.clear();
    this.#picker.update(emotion);
    this.#bars.update(null, emotion);
    this.#page.state.update({ mood: { emotion, confidence: 1, since_s: 0 }, aside, mood_at_ms: Date.now() });
  }
}
