/**
 * A list of tracks as a link: emotion, goal and track ids in the part after #, which browsers never send to a server. Pure.
 */

import { isTrackId } from "./track-id.js";

const MAX_TRACKS = 50;

/** @param {string} page the page's own address @param {import("../types.js").SharedList} list */
export function toLink(page, { emotion, goal, ids }) {
  return `${page.split("#")[0]}#mood=${emotion}&goal=${goal}&tracks=${ids.join(",")}`;
}

/**
 * @param {string} hash location.hash
 * @param {import("../types.js").Config} config
 * @returns {import("../types.js").SharedList|null} null if it is no valid list
 */
export function fromHash(hash, config) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const emotion = config.emotions.find(({ name }) => name === fields.get("mood"))?.name;
  const goal = config.goals.find((name) => name === fields.get("goal"));
  const ids = [...new Set((fields.get("tracks") ?? "").split(","))].filter(isTrackId);
  return emotion && goal && ids.length ? { emotion, goal, ids: ids.slice(0, MAX_TRACKS) } : null;
}
