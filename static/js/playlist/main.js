/**
 * The page of one's own playlist: text or a file or a link in, a mood map and a list out. Wires the modules together.
 */

import { AccountFault, SpotifyAccount } from "../music/spotify-account.js";
import { goalChips, moodChips } from "../views/chips.js";
import { wear } from "../views/colour.js";
import { MapView } from "../views/map-view.js";
import { NoticeView } from "../views/notice-view.js";
import { save } from "../lib/save-file.js";
import { asCsv, asText, PlaylistFault, sorted } from "./sorted-playlist.js";
import { speaker } from "../lib/i18n.js";

const NEWS_MS = 6000;

/** @param {string} id */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (at(id));

/** @type {import("../types.js").Config} */
const config = JSON.parse(at("config").textContent ?? "");
const say = speaker(config.words);

/** The mood and the goal that the listener came with, as the main page links here. */
const came = new URLSearchParams(location.hash.slice(1));
const known = (/** @type {string|null} */ wanted) => config.emotions.find(({ name }) => name === wanted);

const page = {
  emotion: /** @type {import("../types.js").Emotion} */ (known(came.get("mood")) ?? known("neutral")),
  goal: config.goals.find((name) => name === came.get("goal")) ?? config.goals[0],
  /** @type {import("../types.js").PlacedTrack[]} */ tracks: [],
  asked: 0,
};

const notice = new NoticeView(at("notice"));
const account = new SpotifyAccount();
const map = new MapView(at("map"), say, choose);
const moods = moodChips(at("moods"), config.emotions, (emotion) => {
  page.emotion = emotion;
  moods.update(emotion.name);
  wear(emotion);
  again();
});
const goals = goalChips(at("goals"), config.goals, say, (goal) => {
  page.goal = goal;
  again();
});
moods.update(page.emotion.name);
if (known(came.get("mood"))) {
  wear(page.emotion);
}
goals.update(page.goal);

at("sort").addEventListener("click", () => sort(true));
at("save-csv").addEventListener("click", () => save("playlist.csv", new Blob(["\ufeff", asCsv(page.tracks)], { type: "text/csv" })));
at("save-spotify").addEventListener("click", saveToSpotify);
at("fetch").addEventListener("click", fetchLink);
input("file").addEventListener("change", async () => {
  const [file] = input("file").files ?? [];
  if (file) {
    input("text").value = await file.text();
    input("file").value = "";
    sort(true);
  }
});

account.status().then(
  ({ connected }) => {
    at("link-row").hidden = !connected;
    at("save-spotify").hidden = !connected;
  },
  () => undefined,
);

function again() {
  if (!at("result").hidden) {
    sort(false);
  }
}

/** @param {boolean} goThere whether the keyboard goes to the result */
async function sort(goThere) {
  page.asked += 1;
  const mine = page.asked;
  notice.update("photo", say("playlist.sorting"));
  try {
    const result = await sorted(input("text").value, page.emotion.name, page.goal);
    if (mine === page.asked) {
      show(result);
      notice.update("photo", "");
      if (goThere) {
        at("result-title").focus();
      }
    }
  } catch (fault) {
    if (!(fault instanceof PlaylistFault)) {
      throw fault;
    }
    if (mine === page.asked) {
      notice.update("photo", fault.message || say("playlist.failed"));
    }
  }
}

/** @param {import("./sorted-playlist.js").SortedPlaylist} result */
function show({ tracks, unknown }) {
  page.tracks = tracks;
  at("result").hidden = false;
  at("result-title").textContent = say("playlist.sorted", { mood: page.emotion.label, goal: say(`goal.${page.goal}`) });
  at("result-note").textContent = say("playlist.counts", { known: tracks.length, unknown: unknown.length });
  map.update(tracks);
  at("chosen").textContent = tracks.length ? say("playlist.walk") : "";
  at("songs").replaceChildren(...tracks.map(row));
  at("unknown-part").hidden = unknown.length === 0;
  at("unknown").replaceChildren(
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
  tag.textContent = say(`track.${track.mood}`);
  const link = item.appendChild(document.createElement("a"));
  Object.assign(link, { href: track.url, target: "_blank", rel: "noopener", textContent: say("tracks.open") });
  link.setAttribute("aria-label", say("tracks.openLong", { title: track.title, artist: track.artist }));
  return item;
}

/** @param {number} index */
function choose(index) {
  const { artist, title, mood } = page.tracks[index];
  at("chosen").textContent = say("playlist.chosen", { place: index + 1, artist, title, mood: say(`track.${mood}`) });
}

async function fetchLink() {
  await done(async () => {
    const { tracks } = await account.playlist(input("link").value);
    input("text").value = asText(tracks);
    await sort(true);
  });
}

async function saveToSpotify() {
  await done(async () => {
    await account.save(say("playlist.name", { mood: page.emotion.label }), page.tracks.map(({ id }) => id));
    notice.update("news", say("playlist.saved"));
    setTimeout(() => notice.update("news", ""), NEWS_MS);
  });
}

/** Does it; what Spotify says against it is told. @param {() => Promise<void>} action */
async function done(action) {
  try {
    notice.update("snap", "");
    await action();
  } catch (fault) {
    if (!(fault instanceof AccountFault)) {
      throw fault;
    }
    const key = `account.fault.${fault.code}`;
    notice.update("snap", say(key in config.words ? key : "account.fault.unreachable"));
  }
}
