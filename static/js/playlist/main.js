/**
 * The entry point of /playlist: the listener's playlist as text, file or link in, a mood map and a sorted list out.
 */

import { element, input, readConfig } from "../lib/elements.js";
import { HttpFault } from "../lib/http.js";
import { translator } from "../lib/i18n.js";
import { faultText } from "../lib/request-fault.js";
import { readText } from "../lib/text-file.js";
import { saveFile } from "../lib/save-file.js";
import { playlistTitle } from "../music/list-title.js";
import { accountFaultKey, SpotifyAccount } from "../music/spotify-account.js";
import { goalChips, moodChips } from "../views/chips.js";
import { applyColour } from "../views/colour.js";
import { MapView } from "./map-view.js";
import { NoticeView } from "../views/notice-view.js";
import { asCsv, asText, sortPlaylist } from "./sorted-playlist.js";

/** How long a confirmation stays. */
const CONFIRMATION_MS = 6000;

const config = readConfig();
const t = translator(config.words);

/** The mood and the goal that the listener came with, as the main page links here. */
const came = new URLSearchParams(location.hash.slice(1));
const known = (/** @type {string|null} */ wanted) => config.emotions.find(({ name }) => name === wanted);

const page = {
  emotion: /** @type {import("../types.js").Emotion} */ (known(came.get("mood")) ?? known("neutral")),
  goal: config.goals.find((name) => name === came.get("goal")) ?? config.goals[0],
  /** @type {import("../types.js").PlacedTrack[]} */ tracks: [],
  asked: 0,
};

const notice = new NoticeView(element("notice"), t("page.close"));
const account = new SpotifyAccount();
const map = new MapView(element("map"), t, choose);
const moods = moodChips(element("moods"), config.emotions, (emotion) => {
  page.emotion = emotion;
  moods.update(emotion.name);
  applyColour(emotion);
  again();
});
const goals = goalChips(element("goals"), config.goals, t, (goal) => {
  page.goal = goal;
  again();
});
moods.update(page.emotion.name);
if (known(came.get("mood"))) {
  applyColour(page.emotion);
}
goals.update(page.goal);

element("sort").addEventListener("click", () => sort(true));
element("save-csv").addEventListener("click", () => saveFile("playlist.csv", new Blob(["\ufeff", asCsv(page.tracks)], { type: "text/csv" })));
element("save-spotify").addEventListener("click", saveToSpotify);
element("fetch").addEventListener("click", fetchLink);
input("file").addEventListener("change", async () => {
  const [file] = input("file").files ?? [];
  if (file) {
    input("text").value = await readText(file);
    input("file").value = "";
    sort(true);
  }
});

account.status().then(
  ({ connected }) => {
    element("link-row").hidden = !connected;
    element("save-spotify").hidden = !connected;
  },
  () => undefined,
);

function again() {
  if (!element("result").hidden) {
    sort(false);
  }
}

/** @param {boolean} focus whether the keyboard goes to the result */
async function sort(focus) {
  page.asked += 1;
  const mine = page.asked;
  if (!input("text").value.trim()) {
    notice.update("photo", t("playlist.empty"));
    return;
  }
  notice.update("photo", t("playlist.sorting"));
  try {
    const result = await sortPlaylist(input("text").value, page.emotion.name, page.goal);
    if (mine === page.asked) {
      show(result);
      notice.update("photo", "");
      if (focus) {
        element("result").scrollIntoView({ block: "start" });
        element("result-title").focus({ preventScroll: true });
      }
    }
  } catch (fault) {
    if (!(fault instanceof HttpFault)) {
      throw fault;
    }
    if (mine === page.asked) {
      notice.update("photo", faultText(fault, t, "playlist.refused"));
    }
  }
}

/** @param {import("./sorted-playlist.js").SortedPlaylist} result */
function show({ tracks, unknown }) {
  page.tracks = tracks;
  element("result").hidden = false;
  element("result-title").textContent = playlistTitle(page.emotion, page.goal, t);
  element("result-note").textContent = t("playlist.counts", { known: tracks.length, unknown: unknown.length });
  map.update(tracks);
  element("chosen").textContent = tracks.length ? t("playlist.walk") : "";
  element("songs").replaceChildren(...tracks.map(row));
  element("unknown-part").hidden = unknown.length === 0;
  element("unknown").replaceChildren(
    ...unknown.map(({ artist, title }) => {
      const item = document.createElement("li");
      item.textContent = artist ? `${artist} – ${title}` : title;
      return item;
    }),
  );
}

/** @param {import("../types.js").PlacedTrack} track */
function row(track) {
  const item = document.createElement("li");
  item.dataset.moodOf = track.mood;
  const names = item.appendChild(document.createElement("span"));
  names.className = "names";
  names.append(`${track.title} `);
  const by = names.appendChild(document.createElement("span"));
  by.className = "by";
  by.textContent = track.artist;
  const tag = item.appendChild(document.createElement("span"));
  tag.className = "tag";
  tag.textContent = t(`track.${track.mood}`);
  const link = item.appendChild(document.createElement("a"));
  Object.assign(link, { href: track.url, target: "_blank", rel: "noopener", textContent: t("tracks.open") });
  link.setAttribute("aria-label", t("tracks.openLong", { title: track.title, artist: track.artist }));
  return item;
}

/** @param {number} index */
function choose(index) {
  const { artist, title, mood } = page.tracks[index];
  element("chosen").textContent = t("playlist.chosen", { place: index + 1, artist, title, mood: t(`track.${mood}`) });
}

async function fetchLink() {
  await withAccount(async () => {
    const { tracks } = await account.playlist(input("link").value);
    input("text").value = asText(tracks);
    await sort(true);
  });
}

async function saveToSpotify() {
  await withAccount(async () => {
    await account.save(t("playlist.name", { mood: page.emotion.label }), page.tracks.map(({ id }) => id));
    notice.update("news", t("playlist.saved"));
    setTimeout(() => notice.update("news", ""), CONFIRMATION_MS);
  });
}

/** Runs an action of the account and shows what went wrong. @param {() => Promise<void>} action */
async function withAccount(action) {
  try {
    notice.update("snap", "");
    await action();
  } catch (fault) {
    if (!(fault instanceof HttpFault)) {
      throw fault;
    }
    notice.update("snap", t(accountFaultKey(fault, config.words)));
  }
}
