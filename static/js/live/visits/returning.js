/**
 * What the page does at once for somebody who comes back: the list of this tab, what a fixed link asks for, or the last way of
 * choosing a mood. The camera starts by itself only where the browser has allowed it already.
 */

import { keptVisit, readVisit } from "./tab-session.js";

/** Words that fixed links may use for a mood, beside the emotions' own names. @type {Record<string, import("../../types.js").EmotionName>} */
const MOODS = { calm: "neutral", disgusted: "disgust", scared: "fear", surprised: "surprise" };

/**
 * @typedef {Object} Parts of the live page
 * @property {import("../page.js").Page} page
 * @property {import("../controllers/stage-controller.js").StageController} stage
 * @property {import("../controllers/mood-controller.js").MoodController} mood
 * @property {import("../controllers/tracks-controller.js").TracksController} tracks
 * @property {(emotion: import("../../types.js").EmotionName) => void} pick
 */

/** @param {Parts} parts */
export async function comeBack(parts) {
  const { page, tracks } = parts;
  const asked = linkFrom(location.search, page.config);
  if (asked.goal) {
    page.state.update({ goal: asked.goal });
  }
  if (asked.emotion) {
    parts.pick(asked.emotion);
    return;
  }
  const visit = keptVisit(page) ?? (asked.resume ? await journalVisit(page) : null);
  if (visit) {
    await restore(parts, visit);
    if (!visit.live || asked.resume) {
      return;
    }
  }
  await lastWay(parts, tracks.kept.reply !== null);
}

/**
 * @param {string} search location.search, such as "?mood=calm&goal=match"
 * @param {import("../../types.js").Config} config
 */
export function linkFrom(search, { emotions, goals }) {
  const fields = new URLSearchParams(search);
  const wanted = fields.get("mood") ?? "";
  return {
    emotion: emotions.find(({ name }) => name === (MOODS[wanted] ?? wanted))?.name ?? null,
    goal: goals.find((name) => name === fields.get("goal")) ?? null,
    resume: fields.has("resume"),
  };
}

/** @param {Parts} parts @param {import("./tab-session.js").Visit} visit */
async function restore({ page, mood, tracks }, { emotion, goal, aside, confidence, ...list }) {
  page.state.update({ goal });
  await tracks.restore(emotion, list);
  mood.hold(emotion, aside, confidence);
}

/** The list that played last, where a journal is kept. @param {import("../page.js").Page} page */
async function journalVisit({ preferences, config }) {
  if (preferences.get("journal-on") !== "on") {
    return null;
  }
  const { JournalStore } = await import("../journal/store.js");
  return readVisit(await new JournalStore().visit(), config);
}

/** @param {Parts} parts @param {boolean} has_list */
async function lastWay({ page, stage }, has_list) {
  const way = page.preferences.get("way");
  if (way === "camera" && (await isAllowed())) {
    await stage.start();
  } else if (way === "hand" && !has_list && page.values.stage === "welcome") {
    page.state.update({ stage: "stopped" });
  }
}

/** Whether the camera may start without a question. @returns {Promise<boolean>} false where the browser does not say */
async function isAllowed() {
  try {
    const permission = await navigator.permissions.query({ name: /** @type {PermissionName} */ ("camera") });
    return permission.state === "granted";
  } catch {
    return false;
  }
}
