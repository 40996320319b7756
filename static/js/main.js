/**
 * Wires the page: camera → live wire → views. The only module that knows them all.
 */

import { BarsView } from "./bars-view.js";
import { Camera, CameraFault, RATE_HZ } from "./camera.js";
import { goalChips, GOAL_LABELS, moodChips } from "./chips.js";
import { wear } from "./colour.js";
import { frames } from "./frames.js";
import { Live } from "./live.js";
import { MoodView } from "./mood-view.js";
import { NoticeView } from "./notice-view.js";
import { PictureView } from "./picture-view.js";
import { TracksView } from "./tracks-view.js";

/** Without a face for so long, the page says that it sees nobody. */
const NOBODY_AFTER_MS = 1200;

const CAMERA_TEXTS = {
  insecure: "Browsers give the camera to secure pages only. Open this page over https, or on this machine as http://127.0.0.1.",
  unsupported: "This browser cannot use a camera here. Try a newer one, or pick a mood by hand.",
  refused: "The camera was refused. Allow it beside the address bar and press Start, or pick a mood by hand.",
  none: "No camera was found. Plug one in and press Start, or pick a mood by hand.",
  "in-use": "Another program holds the camera. Close it there and press Start, or pick a mood by hand.",
  lost: "The camera went away. Plug it in again and press Start, or pick a mood by hand.",
};

const WIRE_TEXTS = {
  connected: "",
  lost: "The connection is lost. Trying again…",
  unreachable: "The server cannot be reached over a WebSocket. Trying again… (A proxy in between may block it.)",
};

const at = (id) => document.getElementById(id);

/** @type {import("./types.js").Config} */
const config = JSON.parse(at("config").textContent);
const emotions = new Map(config.emotions.map((emotion) => [emotion.name, emotion]));

const page = {
  /** @type {import("./types.js").Mood|null} */ mood: null,
  moodAtMs: 0,
  faceAtMs: 0,
  /** @type {import("./types.js").Goal} */ goal: config.goals[0],
  /** What the tracks shown are for. */ served: null,
};

const notice = new NoticeView(at("notice"));
const picture = new PictureView(at("picture"));
const bars = new BarsView(at("bars"), config.emotions);
const moodView = new MoodView(at("mood"), config.emotions);
const tracks = new TracksView(at("tracks"));
const picker = moodChips(at("by-hand"), config.emotions, pickByHand);
goalChips(at("goals"), config.goals, chooseGoal);

const camera = new Camera(at("video"), () => {
  stopCamera();
  show("stopped");
  notice.update("camera", CAMERA_TEXTS.lost);
});
const live = new Live(onWire);
const loop = frames({
  take: () => camera.take(),
  send: (jpeg) => live.frame(jpeg),
  ready: () => live.connected,
  onReply: onReading,
  rate_hz: RATE_HZ,
});
// A snap that was overtaken by another finds another number here, and its tracks are dropped.
let snapJob = 0;

at("where").textContent = location.host;
at("allow").addEventListener("click", startCamera);
at("start").addEventListener("click", startCamera);
at("snap").addEventListener("click", snap);
at("more").addEventListener("click", () => page.served && serve(page.served));
at("cameras").addEventListener("change", chooseCamera);
at("video").addEventListener("resize", () => picture.fit(at("video")));
at("about-open").addEventListener("click", () => at("about").showModal());
at("about-close").addEventListener("click", () => at("about").close());

/** What is on the stage. @param {"welcome"|"live"|"stopped"} state */
function show(state) {
  document.body.dataset.state = state;
  at("welcome").hidden = state !== "welcome";
  at("controls").hidden = state === "welcome";
  at("snap").hidden = state !== "live";
  at("start").hidden = state !== "stopped";
  picture.show(state === "live" || !at("still").hidden);
}

async function startCamera() {
  notice.update("camera", "");
  notice.update("snap", "");
  try {
    await camera.start();
  } catch (fault) {
    if (!(fault instanceof CameraFault)) {
      throw fault;
    }
    notice.update("camera", CAMERA_TEXTS[fault.code]);
    show("stopped");
    return;
  }
  if (!camera.running) {
    return;
  }
  picture.thaw();
  picker.update(null);
  page.faceAtMs = performance.now();
  hold(null);
  show("live");
  picture.fit(at("video"));
  loop.start();
  await listCameras();
}

function stopCamera() {
  loop.stop();
  camera.stop();
  notice.update("face", "");
  notice.update("busy", "");
}

async function listCameras() {
  const devices = await camera.list();
  const options = devices.map((device, i) => new Option(device.label || `Camera ${i + 1}`, device.deviceId));
  at("cameras").replaceChildren(...options);
  at("cameras").value = camera.current;
  at("cameras-label").hidden = devices.length < 2;
}

function chooseCamera() {
  camera.choose(at("cameras").value);
  startCamera();
}

/** @param {import("./types.js").FrameReply} reply */
function onReading(reply) {
  notice.update("busy", reply.problem ? `${reply.problem.text} ${reply.problem.action}` : "");
  picture.update(reply.faces);
  bars.update(reply.probabilities, reply.mood?.emotion ?? null);
  if (reply.problem) {
    return;
  }
  if (reply.faces.length) {
    page.faceAtMs = performance.now();
  }
  const nobody = performance.now() - page.faceAtMs > NOBODY_AFTER_MS;
  notice.update("face", nobody ? nobodyText(reply.mood) : "");
  hold(reply.mood, reply.faces.length > 1 ? "Several faces: the largest is the listener." : undefined);
}

/** @param {import("./types.js").Mood|null} mood */
function nobodyText(mood) {
  return mood
    ? "No face in view: the last mood stays for a moment."
    : "No face in view. Look into the camera; more light from the front helps.";
}

/** The mood that the page wears. @param {import("./types.js").Mood|null} mood @param {string} [aside] */
function hold(mood, aside) {
  page.mood = mood;
  page.moodAtMs = Date.now();
  moodView.update(mood, aside);
  if (mood) {
    wear(emotions.get(mood.emotion));
    document.documentElement.dataset.mood = mood.emotion;
  }
}

function snap() {
  if (!page.mood) {
    notice.update("snap", "No mood holds yet. Look into the camera for a moment.");
    return;
  }
  const { emotion } = page.mood;
  picture.freeze((canvas) => camera.drawTo(canvas));
  stopCamera();
  show("stopped");
  serve(emotion);
}

/** @param {import("./types.js").Emotion} emotion */
function pickByHand(emotion) {
  stopCamera();
  picture.thaw();
  notice.update("camera", "");
  show("stopped");
  picker.update(emotion.name);
  bars.update(null, emotion.name);
  hold({ emotion: emotion.name, confidence: 1, since_s: 0 }, "Picked by hand.");
  serve(emotion.name);
}

/** @param {import("./types.js").Goal} goal */
function chooseGoal(goal) {
  page.goal = goal;
  if (page.served) {
    serve(page.served);
  }
}

/** Asks for tracks and shows them. @param {string} emotion */
async function serve(emotion) {
  const mine = ++snapJob;
  page.served = emotion;
  notice.update("snap", "");
  at("more").disabled = true;
  try {
    const reply = await live.snap({ emotion, goal: page.goal });
    if (mine === snapJob) {
      showTracks(reply);
    }
  } catch {
    if (mine === snapJob) {
      notice.update("snap", "The tracks did not come. Press More tracks, or pick a mood, to try again.");
      at("tracks").hidden = false;
    }
  } finally {
    at("more").disabled = false;
  }
}

/** @param {import("./types.js").SnapReply} reply */
function showTracks(reply) {
  if (reply.problem) {
    notice.update("snap", `${reply.problem.text} ${reply.problem.action}`);
    return;
  }
  const label = emotions.get(reply.emotion).label;
  tracks.update(reply.goal === "match" ? `${label} tracks` : `From ${label.toLowerCase()}: ${GOAL_LABELS[reply.goal]}`, reply);
}

/** @param {import("./live.js").WireState} state */
function onWire(state) {
  document.body.dataset.wire = state;
  notice.update("wire", WIRE_TEXTS[state]);
  if (state === "connected" && page.mood && camera.running) {
    live.resume(page.mood, page.moodAtMs / 1000).catch(() => undefined);
  }
}
