/**
 * Wires the page: camera → live wire → views. The only module that knows them all.
 */

import { AccountFault, SpotifyAccount } from "../music/spotify-account.js";
import { BarsView } from "../views/bars-view.js";
import { Camera, CameraFault, RATE_HZ } from "./camera.js";
import { goalChips, moodChips } from "../views/chips.js";
import { wear } from "../views/colour.js";
import { DEVICE_RATE_HZ, DeviceReader, Stopped } from "./device-reader.js";
import { frames } from "./frame-loop.js";
import { GroupView } from "../views/group-view.js";
import { MoodHistory } from "./mood-history.js";
import { shortcuts } from "../lib/shortcuts.js";
import { LineView } from "../views/mood-chart.js";
import { Live } from "./connection.js";
import { MoodView } from "../views/mood-view.js";
import { NoticeView } from "../views/notice-view.js";
import { Pace } from "./pacing.js";
import { PathView } from "../views/path-view.js";
import { PictureView } from "../views/picture-view.js";
import { HOLD_CHOICES_S, Renewal } from "../music/auto-refresh.js";
import { RestingFace } from "./baseline.js";
import { save } from "../lib/save-file.js";
import { fromHash, toLink } from "../lib/link.js";
import { StarterTracks } from "../music/offline-tracks.js";
import { storage } from "../lib/storage.js";
import { namedTracks } from "../music/track-names.js";
import { note, TracksView } from "../views/tracks-view.js";
import { wishes } from "./wishes.js";
import { speaker } from "../lib/i18n.js";

/** Without a face for so long, the page says that it sees nobody. */
const NOBODY_AFTER_MS = 1200;
/** Tracks wait so long for a lost connection; then those that the browser keeps come. */
const SETTLED_MS = 1500;
/** A picture read on this device takes one core of several: the next may follow sooner than with a shared server. */
const DEVICE_REPLY_SHARE = 1.25;
/** Good news stays so long. */
const NEWS_MS = 6000;

/** @param {string} id */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const select = (id) => /** @type {HTMLSelectElement} */ (at(id));
/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (at(id));
/** @param {string} id */
const button = (id) => /** @type {HTMLButtonElement} */ (at(id));
/** @param {string} id */
const dialog = (id) => /** @type {HTMLDialogElement} */ (at(id));

/** @type {import("../types.js").Config} */
const config = JSON.parse(at("config").textContent ?? "");
const emotions = new Map(config.emotions.map((emotion) => [emotion.name, emotion]));
const names = config.emotions.map((emotion) => emotion.name);
const say = speaker(config.words);
const here = storage("localStorage");
const tab = storage("sessionStorage");

const page = {
  /** @type {import("../types.js").Mood|null} */ mood: null,
  moodAtMs: 0,
  faceAtMs: 0,
  /** @type {import("../types.js").Goal} */ goal: config.goals[0],
  /** @type {import("../types.js").EmotionName|null} what the tracks shown are for */ served: null,
  /** @type {RestingFace|null} while it is learned */ learning: null,
  /** Whether this device reads, not the server. */ onDevice: false,
  /** Whether everybody in view is read as one. */ group: false,
};

const notice = new NoticeView(at("notice"));
const video = /** @type {HTMLVideoElement} */ (at("video"));
const picture = new PictureView(at("picture"));
const bars = new BarsView(at("bars"), config.emotions);
const moodView = new MoodView({ word: at("mood-word"), sure: at("mood-sure"), said: at("mood-said") }, config.emotions, say);
const tracks = new TracksView(at("tracks"), say, feedback);
const offer = new TracksView(at("offer"), say, feedback);
const path = new PathView(at("path"), say);
const wished = wishes(at("wishes"), say, () => page.served && serve(page.served));
const account = new SpotifyAccount();
const picker = moodChips(at("by-hand"), config.emotions, (emotion) => pickByHand(emotion.name));
const goals = goalChips(at("goals"), config.goals, say, chooseGoal);
const history = new MoodHistory();
const line = new LineView(at("chart"), config.emotions);
const renewal = new Renewal();

const camera = new Camera(video, here, () => {
  stopCamera();
  show("stopped");
  notice.update("camera", say("camera.lost"));
});
const live = new Live(onWire);
const together = new GroupView(at("group"), config.emotions, say);
const device = new DeviceReader((share) => sayDevice(say("device.loading", { percent: Math.round(share * 100) }), { quietly: true }));
const starter = new StarterTracks();
const loop = frames({
  /** @returns {Promise<ArrayBuffer|ImageData|null>} */
  take: () => (page.onDevice ? camera.pixels() : camera.take()),
  // A picture for the server is bytes, one for this device pixels: neither can go the other's way.
  send: (picture) => (picture instanceof ImageData ? frameOnDevice(picture) : live.frame(picture)),
  ready: () => (page.onDevice ? device.ready : live.connected),
  onReply: onReading,
  pace: () => (page.onDevice ? new Pace(DEVICE_RATE_HZ, DEVICE_REPLY_SHARE) : new Pace(RATE_HZ)),
});
// A snap that was overtaken by another finds another number here, and its tracks are dropped.
let snapJob = 0;
let newsTimer = 0;

// Every fault ends in the one notice; the console keeps what it was.
window.addEventListener("error", () => notice.update("page", say("problem.page")));
window.addEventListener("unhandledrejection", () => notice.update("page", say("problem.page")));

at("allow").addEventListener("click", startCamera);
at("start").addEventListener("click", startCamera);
at("snap").addEventListener("click", snap);
at("more").addEventListener("click", more);
at("share").addEventListener("click", share);
at("cameras").addEventListener("change", chooseCamera);
at("language").addEventListener("change", chooseLanguage);
at("rest-teach").addEventListener("click", learnRestingFace);
at("rest-forget").addEventListener("click", forgetRestingFace);
at("line-csv").addEventListener("click", () => saveText("csv", "text/csv", history.toCsv(names)));
at("line-json").addEventListener("click", () => saveText("json", "application/json", history.toJson(names)));
at("line-png").addEventListener("click", savePicture);
at("line-clear").addEventListener("click", clearLine);
at("offer-away").addEventListener("click", () => offer.hide());
at("account-save").addEventListener("click", () => withAccount(saveList));
at("account-play").addEventListener("click", () => withAccount(() => account.play(tracks.ids).then(() => say("account.playing"))));
at("account-queue").addEventListener("click", () => withAccount(() => account.queue(tracks.ids).then(() => say("account.queued"))));
at("account-disconnect").addEventListener("click", () => withAccount(() => account.disconnect().then(() => say("account.gone"))));
// The login happens in another tab: look again when the listener comes back.
window.addEventListener("focus", showAccount);
input("device-on").addEventListener("change", () => chooseReader(input("device-on").checked));
at("device-server").addEventListener("click", letServerRead);
at("playlist-open").addEventListener("click", () => {
  // The mood of the moment goes along, in the part of the address that no server sees.
  const mood = page.mood ? `mood=${page.mood.emotion}&` : "";
  /** @type {HTMLAnchorElement} */ (at("playlist-open")).hash = `${mood}goal=${page.goal}`;
});
input("group-on").addEventListener("change", () => {
  page.group = input("group-on").checked;
  together.update([], null);
  sendGroup();
});
at("about-open").addEventListener("click", () => dialog("about").showModal());
at("keys-open").addEventListener("click", () => dialog("keys").showModal());
video.addEventListener("resize", () => picture.fit(video));
window.addEventListener("hashchange", openShared);
window.addEventListener("pagehide", () => tab.set("line", history.pack()));
shortcuts(
  {
    s: () => (camera.running ? snap() : startCamera()),
    m: more,
    g: () => goals.update(chooseGoal(config.goals[(config.goals.indexOf(page.goal) + 1) % config.goals.length])),
    r: learnRestingFace,
    "?": () => dialog("keys").showModal(),
    ...Object.fromEntries(names.map((name, i) => [String(i + 1), () => pickByHand(name)])),
  },
  () => input("keys-use").checked,
);

goals.update(page.goal);
rememberSwitches();
rememberReader();
history.unpack(tab.get("line"));
drawLine();
openShared();
showAccount();
if ("serviceWorker" in navigator) {
  // After all that the page itself needs. Without it the page needs the network, and does all else.
  window.addEventListener("load", () => navigator.serviceWorker.register("/service-worker.js").catch(() => undefined));
}

/** What is on the stage. @param {"welcome"|"live"|"stopped"} state */
function show(state) {
  document.body.dataset.state = state;
  const frozen = !at("still").hidden;
  at("welcome").hidden = state !== "welcome";
  at("controls").hidden = state === "welcome";
  at("snap").hidden = state !== "live";
  at("start").hidden = state !== "stopped";
  at("start").textContent = say(frozen ? "stage.again" : "stage.start");
  at("rest-teach").hidden = state !== "live";
  at("rest-forget").hidden = state === "welcome" || here.get("resting") === null;
  at("renew").hidden = state !== "live";
  at("everybody").hidden = state !== "live";
  at("orb").hidden = state !== "stopped" || frozen;
  picture.show(state === "live" || frozen);
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
    show("stopped");
    notice.update("camera", say(`camera.${fault.code}`));
    return;
  }
  if (!camera.running) {
    return;
  }
  const hadFocus = document.activeElement === at("allow") || document.activeElement === at("start");
  picture.thaw();
  picker.update(null);
  page.faceAtMs = performance.now();
  hold(null);
  show("live");
  if (hadFocus) {
    // The pressed button is gone: the keyboard goes on at what took its place.
    at("snap").focus({ preventScroll: true });
  }
  picture.fit(video);
  readOnDevice();
  loop.start();
  await listCameras();
}

function stopCamera() {
  loop.stop();
  camera.stop();
  endLearning();
  notice.update("face", "");
  notice.update("busy", "");
}

async function listCameras() {
  const devices = await camera.list();
  const options = devices.map(
    (device, i) => new Option(device.label || say("stage.numbered", { number: i + 1 }), device.deviceId),
  );
  select("cameras").replaceChildren(...options);
  select("cameras").value = camera.current;
  at("cameras-label").hidden = devices.length < 2;
}

function chooseCamera() {
  camera.choose(select("cameras").value);
  startCamera();
}

/** @param {import("../types.js").FrameReply} reply */
function onReading(reply) {
  notice.update("busy", reply.problem ? say(`problem.${reply.problem.code}`) : "");
  picture.update(reply.faces);
  bars.update(reply.probabilities, reply.mood?.emotion ?? null);
  together.update(reply.faces, reply.group);
  if (reply.problem) {
    return;
  }
  if (reply.faces.length) {
    page.faceAtMs = performance.now();
  }
  const nobody = performance.now() - page.faceAtMs > NOBODY_AFTER_MS;
  notice.update("face", nobody ? say(reply.mood ? "face.gone" : "face.none") : "");
  hold(reply.mood, reply.faces.length > 1 ? say(reply.group ? "mood.group" : "mood.several") : undefined);
  // What the face itself shows: the smoothed probabilities may be corrected by an older resting face.
  learn(reply.faces[0]?.probabilities);
  remember(reply);
  renew();
}

/** The mood that the page wears. @param {import("../types.js").Mood|null} mood @param {string} [aside] */
function hold(mood, aside) {
  page.mood = mood;
  page.moodAtMs = Date.now();
  moodView.update(mood, aside);
  const emotion = mood && emotions.get(mood.emotion);
  if (emotion) {
    wear(emotion);
  }
}

/* ---------- snap, moods by hand, goals, shared lists ---------- */

function snap() {
  if (!page.mood) {
    notice.update("snap", say("snap.early"));
    return;
  }
  const { emotion } = page.mood;
  const hadFocus = document.activeElement === at("snap");
  picture.freeze((canvas) => camera.drawTo(canvas));
  stopCamera();
  show("stopped");
  if (hadFocus) {
    at("start").focus({ preventScroll: true });
  }
  serve(emotion);
}

/** @param {import("../types.js").EmotionName} name */
function pickByHand(name) {
  holdByHand(name, say("mood.byHand"));
  serve(name);
}

/** @param {import("../types.js").EmotionName} name @param {string} aside */
function holdByHand(name, aside) {
  stopCamera();
  picture.thaw();
  notice.update("camera", "");
  show("stopped");
  picker.update(name);
  bars.update(null, name);
  hold({ emotion: name, confidence: 1, since_s: 0 }, aside);
}

/** @param {import("../types.js").Goal} goal */
function chooseGoal(goal) {
  page.goal = goal;
  if (page.served) {
    serve(page.served);
  }
  return goal;
}

function more() {
  if (page.served && !button("more").disabled) {
    serve(page.served);
  }
}

/** Asks for tracks and shows them. @param {import("../types.js").EmotionName} emotion */
async function serve(emotion) {
  const mine = ++snapJob;
  page.served = emotion;
  renewal.served(emotion);
  notice.update("snap", "");
  button("more").disabled = true;
  tracks.wait();
  const problem = await ask(tracks, emotion, () => mine === snapJob, heading);
  if (mine === snapJob) {
    notice.update("snap", problem);
    button("more").disabled = false;
  }
}

/**
 * @param {TracksView} view
 * @param {import("../types.js").EmotionName} emotion
 * @param {() => boolean} current whether nobody has asked since
 * @param {(reply: import("../types.js").SnapReply) => string} title
 * @param {string} [aside] said beside what the tracks' note says
 * @returns {Promise<string>} what went wrong, empty if nothing
 */
async function ask(view, emotion, current, title, aside = "") {
  try {
    const reached = await live.settled(SETTLED_MS);
    const reply = await (reached
      ? live.snap({ emotion, goal: page.goal, wishes: wished() })
      : starter.snap({ emotion, goal: page.goal }));
    if (!current()) {
      return "";
    }
    if (reply.problem) {
      view.fail("");
      return say(`problem.${reply.problem.code}`);
    }
    if (view === tracks) {
      drawPath(reply);
    }
    const asides = [aside, reached ? "" : say("tracks.starter"), note(reply, navigator.onLine, say)];
    view.update(title(reply), reply.tracks, asides.filter(Boolean).join(" "));
    return "";
  } catch {
    view.fail("");
    return say("tracks.failed");
  }
}

/** @param {{emotion: string|null, goal: string|null}} list */
function heading({ emotion, goal }) {
  const mood = emotions.get(/** @type {import("../types.js").EmotionName} */ (emotion))?.label ?? "";
  return goal === "match"
    ? say("tracks.match", { mood })
    : say("tracks.journey", { mood: mood.toLowerCase(), goal: say(`goal.${goal}`) });
}

/** Where a journey leads; a list that matches the mood goes nowhere. @param {import("../types.js").SnapReply} reply */
function drawPath(reply) {
  const mood = reply.emotion ? emotions.get(reply.emotion)?.label ?? "" : "";
  path.update(reply.goal === "match" ? [] : reply.path, mood, say(`goal.${reply.goal}`));
}

/** @param {string} id @param {boolean} like */
async function feedback(id, like) {
  try {
    const reply = await live.feedback(id, like);
    notice.update("snap", reply.problem ? say(`problem.${reply.problem.code}`) : "");
  } catch {
    notice.update("snap", say("wire.lost"));
  }
}

/** A link was opened that somebody shared. */
async function openShared() {
  const list = fromHash(location.hash, config);
  if (!list) {
    return;
  }
  page.goal = list.goal;
  page.served = list.emotion;
  goals.update(list.goal);
  holdByHand(list.emotion, say("mood.shared"));
  const known = await namedTracks(list.ids);
  const shared = list.ids.map(
    (id, i) =>
      known.get(id) ?? {
        id,
        title: say("tracks.number", { number: i + 1 }),
        artist: say("tracks.unknown"),
        year: null,
        url: `https://open.spotify.com/track/${id}`,
      },
  );
  tracks.update(say("tracks.shared", { mood: emotions.get(list.emotion)?.label ?? "" }), shared, "");
}

async function share() {
  if (!page.served) {
    return;
  }
  const url = toLink(location.href, { emotion: page.served, goal: page.goal, ids: tracks.ids });
  try {
    await navigator.clipboard.writeText(url);
    tell(say("tracks.copied"));
  } catch {
    // No clipboard without a secure page or the permission: the link itself is shown.
    tell(say("tracks.copy", { url }), false);
  }
}

/* ---------- the listener's Spotify account ---------- */

async function showAccount() {
  const { available, connected } = await account.status().catch(() => ({ available: false, connected: false }));
  at("account").hidden = !available;
  at("account-connect").hidden = connected;
  at("account-acts").hidden = !connected;
}

/** @param {() => Promise<string>} action resolves with what to tell */
async function withAccount(action) {
  try {
    tell(await action());
  } catch (fault) {
    if (!(fault instanceof AccountFault)) {
      throw fault;
    }
    tell(say(`account.fault.${fault.code}`));
  }
  await showAccount();
}

async function saveList() {
  const name = say("account.name", { mood: at("tracks-title").textContent ?? "" }).slice(0, 100);
  await account.save(name, tracks.ids);
  return say("account.saved", { name });
}

/* ---------- new tracks when the mood changes ---------- */

async function renew() {
  const emotion = renewal.next(page.mood);
  if (!emotion) {
    return;
  }
  if (!page.served) {
    serve(emotion);
    return;
  }
  offer.wait();
  const title = say("renew.title", { mood: emotions.get(emotion)?.label ?? "" });
  const problem = await ask(offer, emotion, () => true, () => title, say("renew.note"));
  notice.update("snap", problem);
}

/* ---------- the resting face ---------- */

function learnRestingFace() {
  if (!camera.running) {
    return;
  }
  page.learning = new RestingFace(performance.now());
  at("resting").hidden = false;
  /** @type {HTMLProgressElement} */ (at("resting-progress")).value = 0;
}

function endLearning() {
  page.learning = null;
  at("resting").hidden = true;
}

/** @param {number[]|null|undefined} probabilities what the listener's face shows */
function learn(probabilities) {
  if (!page.learning) {
    return;
  }
  const state = page.learning.see(probabilities, performance.now());
  /** @type {HTMLProgressElement} */ (at("resting-progress")).value = state.progress;
  if (!state.done) {
    return;
  }
  endLearning();
  if (state.probabilities) {
    here.set("resting", JSON.stringify(state.probabilities));
    sendRestingFace();
  }
  showRestingFace();
  tell(say(state.probabilities ? "rest.done" : "rest.failed"));
}

function forgetRestingFace() {
  here.set("resting", null);
  sendRestingFace();
  showRestingFace();
  tell(say("rest.forgotten"));
}

function showRestingFace() {
  const known = here.get("resting") !== null;
  if (!known && document.activeElement === at("rest-forget")) {
    (camera.running ? at("rest-teach") : at("start")).focus();
  }
  at("rest-forget").hidden = !known;
  at("rest-teach").textContent = say(known ? "rest.again" : "rest.teach");
}

/** To whoever reads, for this visit: the server forgets it on disconnect. */
function sendRestingFace() {
  const stored = here.get("resting");
  if (page.onDevice) {
    device.baseline(stored === null ? null : JSON.parse(stored)).catch(() => undefined);
  } else if (live.connected) {
    live
      .baseline(stored === null ? null : JSON.parse(stored))
      .then((reply) => reply.problem && notice.update("news", say(`problem.${reply.problem.code}`)))
      // Without an answer the connection is lost: it is sent again with the next one.
      .catch(() => undefined);
  }
}

/* ---------- who is read: the largest face, or everybody ---------- */

/** To whoever reads, for this visit. */
function sendGroup() {
  if (page.onDevice) {
    device.group(page.group).catch(() => undefined);
  } else if (live.connected) {
    // Without an answer the connection is lost: it is sent again with the next one.
    live.group(page.group).catch(() => undefined);
  }
}

/* ---------- who reads: the server, or this device ---------- */

function rememberReader() {
  const wanted = here.get("device") ?? (config.on_device === "default" ? "on" : "off");
  page.onDevice = config.on_device !== "never" && wanted === "on";
  at("device").hidden = config.on_device === "never";
  showReader();
}

/** @param {boolean} onDevice */
function chooseReader(onDevice) {
  here.set("device", onDevice ? "on" : "off");
  page.onDevice = onDevice;
  sayDevice("");
  sayWire();
  showReader();
  if (onDevice) {
    readOnDevice();
  } else {
    device.stop();
    sendRestingFace();
    sendGroup();
  }
  if (camera.running) {
    // The picture under way for the other reader is dropped.
    loop.start();
  }
}

function letServerRead() {
  chooseReader(false);
  input("device-on").focus();
}

function showReader() {
  input("device-on").checked = page.onDevice;
  at("welcome-where").hidden = page.onDevice;
  at("welcome-here").hidden = !page.onDevice;
}

/** Loads what this device needs to read, where it shall and has not. */
async function readOnDevice() {
  if (!page.onDevice || device.ready) {
    return;
  }
  try {
    const { rate_hz, least_rate_hz } = await device.start();
    sendRestingFace();
    sendGroup();
    const slow = rate_hz < least_rate_hz;
    const rate = Math.min(rate_hz, DEVICE_RATE_HZ).toFixed(rate_hz < 10 ? 1 : 0);
    sayDevice(say(slow ? "device.slow" : "device.ready", { rate }), { offerServer: slow });
  } catch (fault) {
    failOnDevice(fault);
  }
}

/** @param {ImageData} picture */
async function frameOnDevice(picture) {
  try {
    return await device.frame(picture);
  } catch (fault) {
    failOnDevice(fault);
    throw fault;
  }
}

/** The listener's choice stands: the server reads only where they say so. @param {unknown} fault */
function failOnDevice(fault) {
  if (!(fault instanceof Stopped)) {
    console.error(fault);
    sayDevice(say("device.failed"), { offerServer: true });
  }
}

/** @param {string} text @param {{offerServer?: boolean, quietly?: boolean}} [how] `quietly`: not read out */
function sayDevice(text, { offerServer = false, quietly = false } = {}) {
  at("device-note").setAttribute("aria-live", quietly ? "off" : "polite");
  at("device-note").textContent = text;
  at("device-server").hidden = !offerServer;
}

/* ---------- the mood line ---------- */

/** @param {import("../types.js").FrameReply} reply */
function remember(reply) {
  const probabilities = reply.faces.length ? reply.probabilities : null;
  if (history.add({ at_ms: Date.now(), probabilities, mood: reply.mood?.emotion ?? null })) {
    drawLine();
  }
}

function drawLine() {
  // Shown from the second reading on: one point is no line.
  if (history.samples.filter((sample) => sample.probabilities).length > 1) {
    at("line").hidden = false;
    line.update(history.samples, summary());
  }
}

function summary() {
  const minutes = Math.round(history.length_s / 60);
  const time = minutes
    ? say("line.minutes", { minutes })
    : say("line.seconds", { seconds: Math.round(history.length_s) });
  const shares = history.shares().map(([name, share]) => {
    const label = emotions.get(/** @type {import("../types.js").EmotionName} */ (name))?.label ?? name;
    return `${label} ${Math.round(share * 100)} %`;
  });
  return say("line.summary", { time, shares: shares.join(", ") || "–" });
}

function clearLine() {
  history.clear();
  tab.set("line", null);
  at("line").hidden = true;
}

/** @param {string} ending @param {string} type @param {string} text */
function saveText(ending, type, text) {
  save(`feelharmonic-mood.${ending}`, new Blob([text], { type }));
}

async function savePicture() {
  const blob = await line.png();
  if (blob) {
    save("feelharmonic-mood.png", blob);
  }
}

/* ---------- switches, language, news, the wire ---------- */

function rememberSwitches() {
  for (const [id, initially] of /** @type {[string, string][]} */ ([["keys-use", "on"], ["renew-on", "off"]])) {
    input(id).checked = (here.get(id) ?? initially) === "on";
    input(id).addEventListener("change", () => here.set(id, input(id).checked ? "on" : "off"));
  }
  const after = select("renew-after");
  after.replaceChildren(...HOLD_CHOICES_S.map((seconds) => new Option(say("renew.seconds", { seconds }), String(seconds))));
  after.value = here.get("renew-after") ?? String(renewal.hold_s);
  const apply = () => {
    renewal.on = input("renew-on").checked;
    at("renew-after-label").hidden = !renewal.on;
    renewal.hold_s = Number(after.value) || renewal.hold_s;
    here.set("renew-after", after.value);
  };
  after.addEventListener("change", apply);
  input("renew-on").addEventListener("change", apply);
  apply();
  showRestingFace();
}

async function chooseLanguage() {
  if (await keepLanguage(select("language").value)) {
    location.reload();
  } else {
    tell(say("page.language.later"));
  }
}

/** The server keeps the language in a cookie that no script sees; out of its reach, the wish waits here. @param {string} language */
async function keepLanguage(language) {
  const answer = await fetch(`language/${language}`, { method: "POST" }).catch(() => null);
  const kept = answer !== null && answer.ok;
  here.set("language", kept ? null : language);
  return kept;
}

/** Good news, for a while. @param {string} text @param {boolean} [passes] */
function tell(text, passes = true) {
  clearTimeout(newsTimer);
  notice.update("news", text);
  if (passes) {
    newsTimer = window.setTimeout(() => notice.update("news", ""), NEWS_MS);
  }
}

function sayWire() {
  const { wire } = document.body.dataset;
  const fine = wire === undefined || wire === "connected";
  notice.update("wire", fine ? "" : say(page.onDevice ? "device.offline" : `wire.${wire}`));
}

/** @param {import("./connection.js").WireState} state */
function onWire(state) {
  document.body.dataset.wire = state;
  sayWire();
  if (state !== "connected") {
    return;
  }
  const language = here.get("language");
  if (language !== null) {
    keepLanguage(language);
  }
  if (page.onDevice) {
    return;
  }
  if (here.get("resting") !== null) {
    sendRestingFace();
  }
  if (page.group) {
    sendGroup();
  }
  if (page.mood && camera.running) {
    live.resume(page.mood, page.moodAtMs / 1000).catch(() => undefined);
  }
}
