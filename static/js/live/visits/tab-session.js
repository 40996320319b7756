/**
 * The list, its mood, goal and filters, kept in this tab: a reload, or a phone that discarded the tab, brings them back. No
 * picture, and nothing that outlives the tab.
 */

import { element } from "../../lib/elements.js";

const KEY = "visit";

/**
 * @typedef {Object} Visit
 * @property {import("../../types.js").EmotionName} emotion that the list is for
 * @property {import("../../types.js").Goal} goal
 * @property {number[]|null} probabilities of the reading that the list is for
 * @property {import("../../types.js").SnapReply} reply the list
 * @property {string} aside how the mood was chosen, or how sure it was
 * @property {number} confidence of the mood, 0..1
 * @property {Record<string, any>} wishes the filters
 * @property {boolean} live whether the camera read
 */

/**
 * Saves whenever the page may be gone next.
 * @param {import("../page.js").Page} page
 * @param {import("../controllers/tracks-controller.js").TracksController} tracks
 */
export function keepInTab(page, tracks) {
  const save = () => page.session.set(KEY, packVisit(page, tracks));
  window.addEventListener("pagehide", save);
  document.addEventListener("visibilitychange", () => document.hidden && save());
}

/** @param {import("../page.js").Page} page @param {import("../controllers/tracks-controller.js").TracksController} tracks @returns {string|null} */
export function packVisit({ values }, tracks) {
  const { served, goal, mood, stage } = values;
  const { reply, probabilities, wishes } = tracks.kept;
  if (!served || !reply) {
    return null;
  }
  /** @type {Visit} */
  const visit = { emotion: served, goal, probabilities, reply, aside: element("mood-sure").textContent ?? "", confidence: mood?.confidence ?? 0, wishes, live: stage === "live" };
  return JSON.stringify(visit);
}

/** @param {import("../page.js").Page} page @returns {Visit|null} what this tab kept */
export function keptVisit({ session, config }) {
  return readVisit(session.get(KEY), config);
}

/** @param {string|null} text @param {import("../../types.js").Config} config @returns {Visit|null} null also if it cannot be read */
export function readVisit(text, { emotions, goals }) {
  try {
    const visit = JSON.parse(text ?? "null");
    const known = emotions.some(({ name }) => name === visit?.emotion) && goals.includes(visit.goal);
    return known && Array.isArray(visit.reply?.tracks) ? visit : null;
  } catch {
    return null;
  }
}
