/**
 * A list as a link: emotion, goal and track ids in the part after #, which browsers never send to a server. Pure.
 */

const MOST_TRACKS = 50;
const TRACK_ID = /^[0-9A-Za-z]{22}$/;

/** @param {string} page the page's own address @param {import("../types.js").SharedList} list */
export function toLink(page, { emotion, goal, ids }) {
  return `${page.split("#")[0]}#mood=${emotion}&goal=${goal}&tracks=${ids.join(",")}`;
}

/**
 * @param {string} hash location.hash
 * @param {import("../types.js").Config} config
 * @returns {import("../types.js").SharedList|null} null where it is none, or not one of ours
 */
export function fromHash(hash, config) {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const emotion = config.emotions.find(({ name }) => name === fields.get("mood"))?.name;
  const goal = config.goals.find((name) => name === fields.get("goal"));
  const ids = [...new Set((fields.get("tracks") ?? "").split(","))].filter((id) => TRACK_ID.test(id));
  return emotion && goal && ids.length ? { emotion, goal, ids: ids.slice(0, MOST_TRACKS) } : null;
}
