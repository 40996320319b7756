/**
 * The mood and the moment: the mood's word and colour, what the face shows now, where both lie in valence and arousal,
 * each face's share of a group's; or a mood picked by hand.
 */

import { element } from "../../lib/elements.js";
import { lazy } from "../../lib/lazy.js";
import { BarsView } from "../../views/bars-view.js";
import { moodChips } from "../../views/chips.js";
import { applyColour } from "../../views/colour.js";
import { MoodView } from "../../views/mood-view.js";

export class MoodController {
  #page;
  #stage;
  #bars;
  #picker;
  /** What only readings need, loaded when the camera starts. */ #loadViews;
  /** @type {import("../../views/group-view.js").GroupView|null} */ #group = null;
  /** @type {import("../../views/valence-arousal-view.js").MomentView|null} */ #moment = null;
  /** @type {import("../../views/valence-arousal-view.js").ValenceArousalView|null} */ #plane = null;

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
    element("change").addEventListener("click", () => this.#offerMoods(element("by-hand").hidden));
    const view = new MoodView({ word: element("mood-word"), sure: element("mood-sure"), said: element("mood-said") }, config.emotions, t);
    this.#loadViews = lazy(async () => {
      const [{ GroupView }, { howSure, MomentView, ValenceArousalView }] = await Promise.all([
        import("../../views/group-view.js"),
        import("../../views/valence-arousal-view.js"),
      ]);
      view.howSure = (mood) => howSure(mood, config.emotions, t);
      this.#group = new GroupView(element("group"), config.emotions, t);
      this.#moment = new MomentView(element("moment"), config.emotions, t);
      this.#plane = new ValenceArousalView(element("plane"), config.emotions, t);
    });
    reading.onFaces((faces, reply) => {
      this.#bars.update(reply.probabilities, reply.mood?.emotion ?? null);
      this.#group?.update(faces, reply.group);
      this.#plane?.update(reply.probabilities && reply, reply.mood, performance.now());
      this.#moment?.update(reply.probabilities, reply.mood);
      this.#describeRest(reply);
    });
    state.observe(["stage", "served", "frozen"], () => this.#renderPicker());
    state.observe(["group"], () => this.#group?.update([], null));
    state.observe(["stage"], ({ stage: now }) => {
      if (now === "live") {
        this.#picker.update(null);
        view.update(null);
        this.#plane?.clear();
        this.#loadViews().catch(console.error); // a lost connection is told already
      } else {
        element("rest-state").hidden = true;
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

  /** Moods are offered at once where no camera reads; beside a mood that a camera read, on request. */
  #renderPicker() {
    const { stage, frozen } = this.#page.values;
    const read = stage === "live" || frozen;
    element("change").hidden = !read;
    this.#offerMoods(!read);
  }

  /** @param {boolean} offered */
  #offerMoods(offered) {
    element("by-hand").hidden = !offered;
    element("change").setAttribute("aria-expanded", String(offered));
  }

  /** Which resting face is read against. @param {import("../../types.js").FrameReply} reply */
  #describeRest({ baseline }) {
    const { t } = this.#page;
    const key = baseline && /** @type {const} */ ({ given: "rest.given", learned: "rest.learned", learning: "rest.learning" })[baseline];
    element("rest-state").hidden = !key;
    if (key && element("rest-state").textContent !== t(key)) {
      element("rest-state").textContent = t(key);
    }
  }

  /**
   * Holds a mood that no camera reads now.
   * @param {import("../../types.js").EmotionName} emotion
   * @param {string} [aside] how it came, instead of how sure it is
   * @param {number} [confidence] 0..1
   */
  hold(emotion, aside, confidence = 1) {
    this.#stage.clear();
    this.#picker.update(emotion);
    this.#bars.update(null, emotion);
    element("moment").hidden = true;
    this.#page.state.update({ mood: { emotion, confidence, since_s: 0, valence: null, arousal: null }, aside, mood_at_ms: Date.now() });
  }
}
