/**
 * The entry point of /photo: choose, drop, paste or take a picture; its faces, their moods, tracks.
 */

import { element, input, readConfig } from "../lib/elements.js";
import { HttpFault } from "../lib/http.js";
import { translator } from "../lib/i18n.js";
import { faultText } from "../lib/request-fault.js";
import { storage } from "../lib/storage.js";
import { toLink } from "../lib/link.js";
import { requestTracks } from "../music/requested-tracks.js";
import { listTitle } from "../music/list-title.js";
import { OnDemandPlayer } from "../player/on-demand.js";
import { BarsView } from "../views/bars-view.js";
import { goalChips } from "../views/chips.js";
import { applyColour, applyConfidence } from "../views/colour.js";
import { FacesView } from "../views/faces-view.js";
import { NoticeView } from "../views/notice-view.js";
import { SharePanel } from "../views/sharing/share-panel.js";
import { note, TracksView } from "../views/tracks-view.js";
import { facesOf, shrink, UnreadablePicture } from "./photograph.js";
import { guessText } from "../views/valence-arousal-view.js";

const config = readConfig();
const t = translator(config.words);

const page = {
  /** @type {import("../types.js").Face[]} */ faces: [],
  /** @type {import("../types.js").Emotion|null} the emotion of the face that was picked */ emotion: null,
  /** @type {import("../types.js").Goal} */ goal: config.goals[0],
  /** count pictures and lists: a reply to an older one is dropped */ picture: 0,
  list: 0,
  /** Ids of the tracks given, wanted more of, and not wanted, oldest first. */
  given: /** @type {string[]} */ ([]),
  liked: /** @type {string[]} */ ([]),
  disliked: /** @type {string[]} */ ([]),
};

const notice = new NoticeView(element("notice"), t("page.close"));
const bars = new BarsView(element("bars"), config.emotions);
const player = new OnDemandPlayer({ t, session: storage("sessionStorage"), preferences: storage("localStorage") });
const tracks = new TracksView(element("tracks"), t, judge, async (track, why) => (await player.get()).playNow({ track, place: null, why }));
const view = new FacesView(element("shown"), t, pick);
const goals = goalChips(element("goals"), config.goals, t, (goal) => {
  page.goal = goal;
  serve();
});
goals.update(page.goal);

element("more").addEventListener("click", () => serve());
const panel = new SharePanel({
  t,
  say: (text) => notice.update("news", text),
  shared: () => {
    const { emotion, goal } = page;
    const { title: named, tracks: shown } = tracks.list;
    const link = toLink(new URL(".", location.href).href, { emotion: emotion?.name ?? "neutral", goal, ids: shown.map(({ id }) => id) });
    return emotion && { emotion, title: named, name: "", tracks: shown, link };
  },
});

element("share").addEventListener("click", () => panel.toggle());

for (const id of ["file", "capture"]) {
  const chosen = input(id);
  chosen.addEventListener("change", () => {
    const [file] = chosen.files ?? [];
    chosen.value = ""; // the same file may be chosen again
    open(file);
  });
}

element("another").addEventListener("click", () => {
  page.picture += 1;
  view.clear();
  element("choose").hidden = false;
  element("controls").hidden = true;
  element("file").focus();
});

const drop = document.documentElement;
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("drop").classList.add("over");
});
drop.addEventListener("dragleave", (event) => element("drop").classList.toggle("over", event.relatedTarget !== null));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  element("drop").classList.remove("over");
  open(event.dataTransfer?.files[0]);
});
document.addEventListener("paste", (event) => open(event.clipboardData?.files[0]));

/** @param {File|undefined} file */
async function open(file) {
  if (!file) {
    return;
  }
  page.picture += 1;
  const mine = page.picture;
  notice.update("photo", t("photo.reading"));
  try {
    const picture = await shrink(file);
    await view.show(picture);
    element("choose").hidden = true;
    element("controls").hidden = false;
    const faces = await facesOf(picture);
    if (mine === page.picture) {
      show(faces);
    }
  } catch (fault) {
    if (mine === page.picture) {
      notice.update("photo", textOf(fault));
    }
  }
}

/** @param {import("../types.js").Face[]} faces */
function show(faces) {
  page.faces = faces;
  view.update(faces, faces.map((face) => strongest(face)?.label ?? t("photo.unread")));
  notice.update("photo", faces.length ? "" : t("photo.nobody"));
  element("mood").hidden = faces.length === 0;
  if (faces.length) {
    pick(0);
  } else {
    page.emotion = null;
    tracks.hide();
  }
}

/** @param {number} index */
function pick(index) {
  view.mark(index);
  const face = page.faces[index];
  page.emotion = strongest(face);
  bars.update(face.probabilities, page.emotion?.name ?? null);
  if (!page.emotion || !face.probabilities) {
    element("mood-sure").textContent = t("photo.unread");
    return;
  }
  applyColour(page.emotion);
  const sure = Math.max(...face.probabilities);
  applyConfidence(sure);
  const percent = Math.round(sure * 100);
  element("mood-word").textContent = page.emotion.label;
  element("mood-sure").textContent = t("photo.which", {
    number: index + 1,
    count: page.faces.length,
    sure: guessText(face, percent, config.emotions, t),
  });
  notice.update("face", face.hidden ? t(face.hidden === "upper" ? "face.upper-hidden" : "face.lower-hidden") : "");
  serve();
}

/**
 * @param {string} id @param {boolean} like
 * @returns {Promise<import("../types.js").QueueEntry|null>} the track that answers it
 */
async function judge(id, like) {
  (like ? page.liked : page.disliked).push(id);
  if (!page.emotion) {
    return null;
  }
  const { title } = tracks.list.tracks.find((track) => track.id === id) ?? { title: "" };
  const reply = await requested(1).catch(() => null);
  const [track] = reply?.tracks ?? [];
  return track && !tracks.ids.includes(track.id) ? { track, place: null, why: like ? t("why.like", { title }) : "" } : null;
}

/** @param {number} [n] */
async function requested(n) {
  const { given, liked, disliked } = page;
  const emotion = /** @type {import("../types.js").Emotion} */ (page.emotion);
  const reply = await requestTracks(emotion.name, page.goal, { given, liked, disliked, n });
  page.given.push(...reply.tracks.map(({ id }) => id));
  return reply;
}

async function serve() {
  if (!page.emotion) {
    return;
  }
  page.list += 1;
  const mine = page.list;
  tracks.wait();
  try {
    const reply = await requested();
    if (mine === page.list) {
      tracks.update(title(page.emotion), reply.tracks, note(reply, navigator.onLine, t));
      const entries = reply.tracks.map((track) => ({ track, place: null, why: "" }));
      (await player.get()).fill(entries);
    }
  } catch (fault) {
    if (mine === page.list) {
      tracks.fail(textOf(fault));
    }
  }
}

/** @param {import("../types.js").Emotion} emotion */
function title({ name, label }) {
  return listTitle({ emotion: name, label, goal: page.goal }, t);
}

/** @param {import("../types.js").Face} face @returns {import("../types.js").Emotion|null} */
function strongest({ probabilities }) {
  return probabilities && config.emotions[probabilities.indexOf(Math.max(...probabilities))];
}

/** @param {unknown} fault @returns {string} what the page says of it */
function textOf(fault) {
  if (fault instanceof UnreadablePicture) {
    return t(fault.code);
  }
  if (fault instanceof HttpFault) {
    return faultText(fault, t, "photo.refused");
  }
  throw fault;
}
