/**
 * The entry point of /library: one's own music on the mood plane, searched, heard, and put where it belongs.
 */

import { element, input, readConfig } from "../lib/elements.js";
import { request } from "../lib/http.js";
import { translator } from "../lib/i18n.js";
import { storage } from "../lib/storage.js";
import { OnDemandPlayer } from "../player/on-demand.js";
import { Plane } from "./plane.js";
import { facts, search, tracksOf } from "./tracks.js";

/** So many found tracks are listed. */
const MAX_LISTED = 100;
/** While a scan runs the page looks again after this. */
const LOOK_AGAIN_MS = 3000;

/** @typedef {import("./tracks.js").LibraryTrack} LibraryTrack */

const t = translator(readConfig().words);
const player = new OnDemandPlayer({ t, session: storage("sessionStorage"), preferences: storage("localStorage") });
const list = element("found");
const page = {
  /** @type {LibraryTrack[]} */ tracks: [],
  /** @type {number[]|null} */ found: null,
  chosen: -1,
  mayChange: false,
};
const plane = new Plane(/** @type {HTMLCanvasElement} */ (element("map")), { choose, move, mayMove: () => page.mayChange });

input("search").addEventListener("input", () => {
  page.found = search(page.tracks, input("search").value);
  show();
});
list.addEventListener("click", ({ target }) => {
  const option = /** @type {HTMLElement} */ (target).closest("[role=option]");
  if (option instanceof HTMLElement) {
    choose(Number(option.dataset.index));
  }
});
list.addEventListener("keydown", walk);
element("rescan").addEventListener("click", async () => {
  await request("library/scan", { method: "POST" }).catch(() => undefined);
  setTimeout(load, 500);
});
load();

async function load() {
  const answer = await request("library/tracks").then((response) => response.json(), () => null);
  if (!answer) {
    element("scan").textContent = t("library.away");
    return;
  }
  const key = page.tracks[page.chosen]?.key;
  page.tracks = tracksOf(answer.fields, answer.tracks);
  page.mayChange = answer.may_change;
  page.found = search(page.tracks, input("search").value);
  page.chosen = page.tracks.findIndex((track) => track.key === key);
  element("rescan").hidden = !page.mayChange;
  showScan(answer.scan);
  showFaults(answer.faults);
  show();
  if (answer.scan.running) {
    setTimeout(load, LOOK_AGAIN_MS);
  }
}

/** @param {Record<string, string>} scan */
function showScan(scan) {
  const { done = "0", total = "0", left_s = "0" } = scan;
  const minutes = Math.ceil(Number(left_s) / 60);
  const count = t("library.count", { n: page.tracks.length });
  const isReading = scan.state === "scanning" && Number(total) > 0;
  element("scan").textContent = isReading ? `${count} ${t("library.reading", { done, total, minutes })}` : count;
}

/** @param {{name: string, fault: string}[]} faults */
function showFaults(faults) {
  const box = element("faults");
  box.hidden = !faults.length;
  /** @type {HTMLElement} */ (box.querySelector("summary")).textContent = t("library.faults", { n: faults.length });
  const rows = faults.map(({ name, fault }) => Object.assign(document.createElement("li"), { textContent: `${name}: ${t(`library.fault.${fault}`)}` }));
  /** @type {HTMLElement} */ (box.querySelector("ul")).replaceChildren(...rows);
}

function show() {
  plane.update(page.tracks, page.found && new Set(page.found), page.chosen);
  const shown = (page.found ?? page.tracks.map((_, index) => index)).slice(0, MAX_LISTED);
  list.replaceChildren(...shown.map((index) => {
    const { title, artist } = page.tracks[index];
    const option = Object.assign(document.createElement("div"), { id: `track-${index}`, textContent: `${title} – ${artist}` });
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(index === page.chosen));
    option.dataset.index = String(index);
    return option;
  }));
  list.setAttribute("aria-activedescendant", page.chosen < 0 ? "" : `track-${page.chosen}`);
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const options = /** @type {HTMLElement[]} */ ([...list.children]);
  const now = options.findIndex(({ dataset }) => Number(dataset.index) === page.chosen);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: options.length - 1 }[event.key];
  if (event.key === "Enter" && page.chosen >= 0) {
    listen();
  } else if (next !== undefined && options.length) {
    event.preventDefault();
    choose(Number(options[Math.min(Math.max(next, 0), options.length - 1)].dataset.index));
  }
}

/** @param {number} index */
function choose(index) {
  page.chosen = index;
  show();
  document.getElementById(`track-${index}`)?.scrollIntoView({ block: "nearest" });
  showChosen();
}

function showChosen() {
  const track = page.tracks[page.chosen];
  const box = element("chosen");
  if (!track) {
    return;
  }
  const title = Object.assign(document.createElement("h2"), { textContent: track.title });
  const by = Object.assign(document.createElement("p"), { textContent: [track.artist, track.album, track.year].filter(Boolean).join(" · ") });
  const terms = document.createElement("dl");
  for (const [name, value] of facts(track, t)) {
    terms.append(Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value }));
  }
  const play = Object.assign(document.createElement("button"), { type: "button", className: "main", textContent: t("library.listen") });
  play.addEventListener("click", listen);
  box.replaceChildren(title, by, terms, play, ...(page.mayChange ? placing(track) : []));
}

/** Sliders that do what dragging does, for who has no pointer. @param {LibraryTrack} track */
function placing(track) {
  const sliders = /** @type {const} */ (["valence", "energy"]).map((name) => {
    const label = Object.assign(document.createElement("label"), { textContent: t(`library.${name}`) });
    const slider = Object.assign(document.createElement("input"), { type: "range", min: "0", max: "1", step: "0.01", value: String(track[name]) });
    slider.addEventListener("change", () => {
      track[name] = Number(slider.value);
      move(page.tracks.indexOf(track), track.valence, track.energy);
    });
    label.append(slider);
    return label;
  });
  const forget = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: t("library.forget"), hidden: !track.placed });
  forget.addEventListener("click", async () => {
    await place(track, {});
    setTimeout(load, 500);
  });
  return [...sliders, forget];
}

/** @param {number} index @param {number} valence @param {number} energy */
async function move(index, valence, energy) {
  const track = page.tracks[index];
  await place(track, { valence, energy });
  track.placed = true;
  show();
  showChosen();
}

/** @param {LibraryTrack} track @param {object} point */
async function place(track, point) {
  const notice = element("notice");
  notice.hidden = true;
  await request(`library/tracks/${track.key}/place`, { method: "POST", json: point }).catch(() => {
    notice.textContent = t("library.lost");
    notice.hidden = false;
  });
}

async function listen() {
  const { key, title, artist, year, loudness, valence, energy } = page.tracks[page.chosen];
  const track = { id: `own:${key}`, title, artist, year, url: "", audio: `/music/${key}`, loudness };
  (await player.get()).playNow({ track, place: { valence, energy }, why: "" });
}
