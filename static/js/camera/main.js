/**
 * The entry point of /watch, the page of a camera on the server: the stream is an image, mood and tracks are requested every
 * second.
 */

import { element, readConfig } from "../lib/elements.js";
import { requestJson } from "../lib/http.js";
import { translator } from "../lib/i18n.js";
import { storage } from "../lib/storage.js";
import { OnDemandPlayer } from "../player/on-demand.js";
import { BarsView } from "../views/bars-view.js";
import { applyColour, applyConfidence } from "../views/colour.js";
import { GroupView } from "../views/group-view.js";
import { NoticeView } from "../views/notice-view.js";
import { note, TracksView } from "../views/tracks-view.js";
import { MomentView } from "../views/valence-arousal-view.js";
import { guessText } from "../views/valence-arousal-view.js";

const PERIOD_MS = 1000;
const TIMEOUT_MS = 5000;

const config = readConfig();
const t = translator(config.words);
const emotions = new Map(config.emotions.map((emotion) => [emotion.name, emotion]));

const notice = new NoticeView(element("notice"), t("page.close"));
const bars = new BarsView(element("bars"), config.emotions);
const together = new GroupView(element("group"), config.emotions, t);
const moment = new MomentView(element("moment"), config.emotions, t);
const player = new OnDemandPlayer({ t, session: storage("sessionStorage"), preferences: storage("localStorage") });
const tracks = new TracksView(element("tracks"), t, null, async (track, why) => (await player.get()).playNow({ track, place: null, why }));
let listed = "";
let answered = true;

/** @typedef {{state: "waiting"|"seeing"|"lost"|"ended", reading: import("../types.js").FrameReply|null, emotion: import("../types.js").EmotionName|null, tracks: import("../types.js").Track[], note: string}} CameraState */

async function ask() {
  try {
    show(await requestJson("watch/state", { timeout_ms: TIMEOUT_MS }));
    if (!answered) {
      // The stream ended with the server: another address makes the browser load it again.
      /** @type {HTMLImageElement} */ (element("stream")).src = `watch/stream?${Date.now()}`;
    }
    answered = true;
  } catch {
    answered = false;
    notice.update("connection", t("connection.lost"));
  }
  setTimeout(ask, PERIOD_MS);
}

/** @param {CameraState} state */
function show({ state, reading, emotion, tracks: list, note: reason }) {
  notice.update("connection", "");
  const half = reading?.faces[0]?.hidden;
  notice.update("face", reading?.picture_problem ? t(`picture.${reading.picture_problem}`) : half ? t(`face.${half}-hidden`) : "");
  notice.update("camera", state === "lost" ? t("watch.lost") : state === "ended" ? t("watch.ended") : "");
  const mood = reading?.mood ?? null;
  const shown = mood && emotions.get(mood.emotion);
  bars.update(reading?.probabilities ?? null, mood?.emotion ?? null);
  together.update(reading?.faces ?? [], reading?.group ?? null);
  moment.update(reading?.probabilities ?? null, mood);
  const word = shown?.label ?? t("mood.looking");
  if (element("mood-word").textContent !== word) {
    element("mood-word").textContent = word;
    element("mood-said").textContent = shown ? t("mood.said", { mood: word }) : "";
  }
  element("mood-sure").textContent = mood ? guessText(mood, Math.round(mood.confidence * 100), config.emotions, t) : "";
  if (shown) {
    applyColour(shown);
    applyConfidence(mood.confidence);
  }
  const ids = list.map(({ id }) => id).join();
  if (ids && ids !== listed) {
    listed = ids;
    tracks.update(emotion ? t(`tracks.songs.${emotion}`) : "", list, note({ tracks: list, note: reason }, navigator.onLine, t));
  }
}

ask();
