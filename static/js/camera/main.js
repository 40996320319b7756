/**
 * The page of a camera on the server: the stream is an image, mood and tracks are asked for every second.
 */

import { BarsView } from "../views/bars-view.js";
import { wear } from "../views/colour.js";
import { GroupView } from "../views/group-view.js";
import { NoticeView } from "../views/notice-view.js";
import { note, TracksView } from "../views/tracks-view.js";
import { speaker } from "../lib/i18n.js";

const PERIOD_MS = 1000;
const DEADLINE_MS = 5000;

/** @param {string} id */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {import("../types.js").Config} */
const config = JSON.parse(at("config").textContent ?? "");
const say = speaker(config.words);
const emotions = new Map(config.emotions.map((emotion) => [emotion.name, emotion]));

const notice = new NoticeView(at("notice"));
const bars = new BarsView(at("bars"), config.emotions);
const together = new GroupView(at("group"), config.emotions, say);
const tracks = new TracksView(at("tracks"), say, null);
let listed = "";
let answered = true;

/** @typedef {{state: "waiting"|"seeing"|"lost"|"ended", reading: import("../types.js").FrameReply|null, emotion: import("../types.js").EmotionName|null, tracks: import("../types.js").Track[], note: string}} WatchState */

async function ask() {
  try {
    const answer = await fetch("watch/state", { signal: AbortSignal.timeout(DEADLINE_MS) });
    show(await answer.json());
    if (!answered) {
      // The stream ended with the server: it begins anew under another address.
      /** @type {HTMLImageElement} */ (at("stream")).src = `watch/stream?${Date.now()}`;
    }
    answered = true;
  } catch {
    answered = false;
    notice.update("wire", say("wire.lost"));
  }
  setTimeout(ask, PERIOD_MS);
}

/** @param {WatchState} told */
function show({ state, reading, emotion, tracks: list, note: why }) {
  notice.update("wire", "");
  notice.update("camera", state === "lost" ? say("watch.lost") : state === "ended" ? say("watch.ended") : "");
  const mood = reading?.mood ?? null;
  const worn = mood && emotions.get(mood.emotion);
  bars.update(reading?.probabilities ?? null, mood?.emotion ?? null);
  together.update(reading?.faces ?? [], reading?.group ?? null);
  const word = worn?.label ?? say("mood.looking");
  if (at("mood-word").textContent !== word) {
    at("mood-word").textContent = word;
    at("mood-said").textContent = worn ? say("mood.said", { mood: word }) : "";
  }
  at("mood-sure").textContent = mood ? say("mood.sure", { percent: Math.round(mood.confidence * 100) }) : "";
  if (worn) {
    wear(worn);
  }
  const ids = list.map(({ id }) => id).join();
  if (ids && ids !== listed) {
    listed = ids;
    const label = emotions.get(/** @type {import("../types.js").EmotionName} */ (emotion))?.label ?? "";
    tracks.update(say("tracks.match", { mood: label }), list, note({ tracks: list, note: why }, navigator.onLine, say));
  }
}

ask();
