/**
 * The entry point of the live page: builds its controllers and connects them.
 */

import { dialog, element, input } from "../lib/elements.js";
import { lazy } from "../lib/lazy.js";
import { shortcuts } from "../lib/shortcuts.js";
import { Camera } from "./camera.js";
import { Connection } from "./connection.js";
import { MoodController } from "./controllers/mood-controller.js";
import { PlayerController } from "./controllers/player-controller.js";
import { PreferencesController } from "./controllers/preferences-controller.js";
import { ReadingController } from "./controllers/reading-controller.js";
import { StageController } from "./controllers/stage-controller.js";
import { TracksController } from "./controllers/tracks-controller.js";
import { Page } from "./page.js";

const page = new Page();

// Every fault ends in the one notice; the console keeps the details.
const reload = { label: page.t("notice.reload"), run: () => location.reload() };
window.addEventListener("error", () => page.notice.update("page", page.t("problem.page"), reload));
window.addEventListener("unhandledrejection", () => page.notice.update("page", page.t("problem.page"), reload));

const video = /** @type {HTMLVideoElement} */ (element("video"));
const camera = new Camera(video, page.preferences, () => stage.stop("lost"), (word) => page.notice.update("camera", word && page.t(`camera.${word}`)));
const connection = new Connection((state) => page.state.update({ connection: state }));

// Controllers observe the page's state in the order in which they are built here.
const reading = new ReadingController(page, camera, connection);
const stage = new StageController(page, camera, reading);
const mood = new MoodController(page, stage, reading, pick);
new PreferencesController(page);
const player = new PlayerController(page);
const tracks = new TracksController(page, connection, player);

// Loaded when they are first wanted.
const sharing = lazy(async () => new (await import("./controllers/sharing-controller.js")).SharingController(page, mood, tracks));
const journal = lazy(async () => (await import("./journal/journal-controller.js")).mountJournal(page, tracks, player));
const baseline = lazy(async () => new (await import("./controllers/baseline-controller.js")).BaselineController(page));
const refresh = lazy(async () => new (await import("./controllers/refresh-controller.js")).RefreshController(page, tracks, player));
const stageView = lazy(async () => new (await import("./stage-view/stage-view.js")).StageView(page, player));

mountLater();
comeBack();

element("snap").addEventListener("click", snap);
element("share").addEventListener("click", async () => (await sharing()).toggle());
element("journal-open").addEventListener("click", async () => (await journal()).open());
element("stage-view-open").addEventListener("click", async () => (await stageView()).open());
element("playlist-open").addEventListener("click", () => {
  // The mood of the moment goes along in the part of the address that no server sees.
  const emotion = page.values.mood ? `mood=${page.values.mood.emotion}&` : "";
  /** @type {HTMLAnchorElement} */ (element("playlist-open")).hash = `${emotion}goal=${page.values.goal}`;
});
element("about-open").addEventListener("click", () => dialog("about").showModal());
element("keys-open").addEventListener("click", () => dialog("keys").showModal());
shortcuts(
  {
    s: () => (camera.running ? snap() : stage.start()),
    m: () => tracks.more(),
    g: () => tracks.nextGoal(),
    r: async () => (await baseline()).record(),
    " ": () => player.toggle(),
    j: () => player.next(),
    k: () => player.back(),
    arrowright: () => player.next(),
    arrowleft: () => player.back(),
    "?": () => dialog("keys").showModal(),
    ...Object.fromEntries(page.config.emotions.map(({ name }, i) => [String(i + 1), () => pick(name)])),
  },
  () => input("keys-use").checked,
);

if ("serviceWorker" in navigator) {
  // After all that the page itself needs. Without it the page needs the network, and does all else.
  window.addEventListener("load", () => navigator.serviceWorker.register("service-worker.js").catch(() => undefined));
}

/** What the first screen does without: loaded with the first list, when the camera starts, or where a reload brings it back. */
function mountLater() {
  const whenLive = [
    async () => new (await import("./controllers/history-controller.js")).HistoryController(page),
    refresh,
    async () => new (await import("./states/stale-mood.js")).StaleMood(page, reading),
    baseline,
  ].map(mounting);
  const withList = [
    async () => new (await import("./controllers/account-controller.js")).AccountController(page, tracks),
    async () => (await import("./visits/tab-session.js")).keepInTab(page, tracks),
  ].map(mounting);
  page.state.observe(["stage"], ({ stage: now }) => now === "live" && whenLive.forEach((mount) => mount()));
  element("settings-open").addEventListener("click", () => [refresh, baseline, journal].forEach((load) => mounting(load)()));
  page.state.observe(["served"], () => withList.forEach((mount) => mount()));
  const following = mounting(async () => new (await import("./controllers/follow-controller.js")).FollowController(page, tracks, player, input("follow-on")));
  input("follow-on").addEventListener("change", following);
  if (page.preferences.get("journal-on") === "on") {
    mounting(journal)();
  }
  if (page.session.get("line")) {
    whenLive[0]();
  }
  const share = () => location.hash && mounting(sharing)();
  window.addEventListener("hashchange", share);
  share();
}

/** @param {() => Promise<unknown>} load @returns {() => void} loads once; a lost connection is told already */
function mounting(load) {
  const once = lazy(load);
  return () => once().catch(console.error);
}

/** A first visit has nothing to come back to. */
async function comeBack() {
  if (!location.hash && (location.search || page.session.get("visit") || page.preferences.get("way"))) {
    (await import("./visits/returning.js")).comeBack({ page, stage, mood, tracks, pick });
  }
}

/** Freezes the moment and plays its mood. */
function snap() {
  const held = page.values.mood;
  if (!held) {
    page.confirm(page.t("snap.early"), { at: "stage" });
    return;
  }
  stage.freeze();
  tracks.serve(held.emotion, page.values.reply?.probabilities ?? null, { reveal: true });
}

/** Plays a mood that the listener picked by hand. @param {import("../types.js").EmotionName} emotion */
function pick(emotion) {
  page.preferences.set("way", "hand");
  mood.hold(emotion, page.t("mood.byHand"));
  tracks.serve(emotion, null, { reveal: true });
}
