/**
 * The entry point of the live page: builds its controllers and connects them.
 */

import { dialog, element, input } from "../lib/elements.js";
import { lazy } from "../lib/lazy.js";
import { shortcuts } from "../lib/shortcuts.js";
import { Camera } from "./camera.js";
import { Connection } from "./connection.js";
import { AccountController } from "./controllers/account-controller.js";
import { BaselineController } from "./controllers/baseline-controller.js";
import { MoodController } from "./controllers/mood-controller.js";
import { PlayerController } from "./controllers/player-controller.js";
import { PreferencesController } from "./controllers/preferences-controller.js";
import { ReadingController } from "./controllers/reading-controller.js";
import { RefreshController } from "./controllers/refresh-controller.js";
import { SharingController } from "./controllers/sharing-controller.js";
import { StageController } from "./controllers/stage-controller.js";
import { TracksController } from "./controllers/tracks-controller.js";
import { Page } from "./page.js";

const page = new Page();

// Every fault ends in the one notice; the console keeps the details.
window.addEventListener("error", () => page.notice.update("page", page.t("problem.page")));
window.addEventListener("unhandledrejection", () => page.notice.update("page", page.t("problem.page")));

const video = /** @type {HTMLVideoElement} */ (element("video"));
const camera = new Camera(video, page.preferences, () => stage.stop("lost"), (word) => page.notice.update("camera", word && page.t(`camera.${word}`)));
const connection = new Connection((state) => page.state.update({ connection: state }));

// Controllers observe the page's state in the order in which they are built here.
const reading = new ReadingController(page, camera, connection);
const stage = new StageController(page, camera, reading);
const mood = new MoodController(page, stage, reading, pick);
const baseline = new BaselineController(page);
mountHistory();
new PreferencesController(page);
const player = new PlayerController(page);
const tracks = new TracksController(page, connection, player);
new RefreshController(page, tracks, player);
mountFollow();
new SharingController(page, mood, tracks);
new AccountController(page, tracks);

element("snap").addEventListener("click", snap);
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
    r: () => baseline.record(),
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

/** The mood line, loaded when the camera starts, or where a reload brings a line back. */
function mountHistory() {
  const load = lazy(async () => new (await import("./controllers/history-controller.js")).HistoryController(page));
  const mount = () => load().catch(console.error); // a lost connection is told already
  if (page.session.get("line")) {
    mount();
  }
  page.state.observe(["stage"], (values) => values.stage === "live" && mount());
}

/** "Follow my mood", loaded when it is first switched on. */
function mountFollow() {
  const label = Object.assign(document.createElement("label"), { className: "switch", title: page.t("follow.note") });
  const toggle = Object.assign(document.createElement("input"), { type: "checkbox", id: "follow-on" });
  toggle.setAttribute("role", "switch");
  label.append(toggle, Object.assign(document.createElement("span"), { textContent: page.t("follow.on") }));
  element("goals").after(label);
  const load = lazy(async () => new (await import("./controllers/follow-controller.js")).FollowController(page, tracks, player, toggle));
  toggle.addEventListener("change", () => load().catch(console.error)); // a lost connection is told already
}

/** Freezes the moment and plays its mood. */
function snap() {
  const held = page.values.mood;
  if (!held) {
    page.notice.update("snap", page.t("snap.early"));
    return;
  }
  stage.freeze();
  tracks.serve(held.emotion, page.values.reply?.probabilities ?? null);
}

/** Plays a mood that the listener picked by hand. @param {import("../types.js").EmotionName} emotion */
function pick(emotion) {
  mood.hold(emotion, page.t("mood.byHand"));
  tracks.serve(emotion);
}
