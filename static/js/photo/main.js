/**
 * The photograph's page: choose, drop, paste or take a picture; faces, their moods, tracks. Wires the modules together.
 */

import { BarsView } from "../views/bars-view.js";
import { goalChips } from "../views/chips.js";
import { wear } from "../views/colour.js";
import { FacesView } from "../views/faces-view.js";
import { NoticeView } from "../views/notice-view.js";
import { PhotographFault, facesOf, shrunk, tracksFor } from "./photograph.js";
import { note, TracksView } from "../views/tracks-view.js";
import { speaker } from "../lib/i18n.js";

/** @param {string} id */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {import("../types.js").Config} */
const config = JSON.parse(at("config").textContent ?? "");
const say = speaker(config.words);

const page = {
  /** @type {import("../types.js").Face[]} */ faces: [],
  /** @type {import("../types.js").Emotion|null} the emotion of the face that was picked */ emotion: null,
  /** @type {import("../types.js").Goal} */ goal: config.goals[0],
  /** counts pictures and lists: what was overtaken is not shown */ picture: 0,
  list: 0,
};

const notice = new NoticeView(at("notice"));
const bars = new BarsView(at("bars"), config.emotions);
const tracks = new TracksView(at("tracks"), say, null);
const view = new FacesView(at("shown"), say, pick);
const goals = goalChips(at("goals"), config.goals, say, (goal) => {
  page.goal = goal;
  serve();
});
goals.update(page.goal);

for (const id of ["file", "capture"]) {
  const chosen = /** @type {HTMLInputElement} */ (at(id));
  chosen.addEventListener("change", () => {
    const [file] = chosen.files ?? [];
    chosen.value = ""; // the same file may be chosen again
    open(file);
  });
}

at("another").addEventListener("click", () => {
  page.picture += 1;
  view.clear();
  at("choose").hidden = false;
  at("controls").hidden = true;
  at("file").focus();
});

const drop = document.documentElement;
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  at("drop").classList.add("over");
});
drop.addEventListener("dragleave", (event) => at("drop").classList.toggle("over", event.relatedTarget !== null));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
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
  notice.update("photo", say("photo.reading"));
  try {
    const picture = await shrunk(file);
    await view.show(picture);
    at("choose").hidden = true;
    at("controls").hidden = false;
    const faces = await facesOf(picture);
    if (mine === page.picture) {
      show(faces);
    }
  } catch (fault) {
    if (mine === page.picture) {
      notice.update("photo", told(fault));
    }
  }
}

/** @param {import("../types.js").Face[]} faces */
function show(faces) {
  page.faces = faces;
  view.update(faces, faces.map((face) => strongest(face)?.label ?? say("photo.unread")));
  notice.update("photo", faces.length ? "" : say("photo.nobody"));
  at("mood").hidden = faces.length === 0;
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
    at("mood-sure").textContent = say("photo.unread");
    return;
  }
  wear(page.emotion);
  const percent = Math.round(Math.max(...face.probabilities) * 100);
  at("mood-word").textContent = page.emotion.label;
  at("mood-sure").textContent = say("photo.which", { number: index + 1, count: page.faces.length, percent });
  serve();
}

async function serve() {
  if (!page.emotion) {
    return;
  }
  page.list += 1;
  const mine = page.list;
  tracks.wait();
  try {
    const reply = await tracksFor(page.emotion.name, page.goal);
    if (mine === page.list) {
      tracks.update(title(page.emotion), reply.tracks, note(reply, navigator.onLine, say));
    }
  } catch (fault) {
    if (mine === page.list) {
      tracks.fail(told(fault));
    }
  }
}

/** @param {import("../types.js").Emotion} emotion */
function title({ label }) {
  const goal = say(`goal.${page.goal}`);
  return page.goal === config.goals[0] ? say("tracks.match", { mood: label }) : say("tracks.journey", { mood: label.toLowerCase(), goal });
}

/** @param {import("../types.js").Face} face @returns {import("../types.js").Emotion|null} */
function strongest({ probabilities }) {
  return probabilities && config.emotions[probabilities.indexOf(Math.max(...probabilities))];
}

/** @param {unknown} fault */
function told(fault) {
  if (!(fault instanceof PhotographFault)) {
    throw fault;
  }
  return fault.code === "refused" && fault.detail ? fault.detail : say(`photo.fault.${fault.code}`);
}
