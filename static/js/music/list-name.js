/**
 * A line that names a list: from its mood, its goal, the hour, and what is in it. Never the same twice in a row. Pure: chance and
 * time are passed in.
 */

/** Outside this band a list is bright or dark, lively or quiet. */
const LOW = 0.45;
const HIGH = 0.6;
/** How often a draw that gives the last name again is repeated. */
const MAX_DRAWS = 20;

/** Parts of the day by the hour in which they begin. @type {[number, "night"|"morning"|"afternoon"|"evening"][]} */
const PARTS = [[22, "night"], [18, "evening"], [12, "afternoon"], [5, "morning"], [0, "night"]];

/**
 * @typedef {Object} Named what the name is made from
 * @property {import("../types.js").EmotionName} emotion
 * @property {import("../types.js").Goal} goal
 * @property {import("../types.js").MusicPoint[]} places of the tracks, empty where none is known
 * @property {Date} at
 */

/**
 * @param {Named} named
 * @param {string} last the name before this one
 * @param {import("../types.js").Translate} t
 * @param {string} language
 * @param {() => number} chance 0..1, as Math.random
 * @returns {string} such as "bright and unhurried, Friday night"
 */
export function listName(named, last, t, language, chance) {
  let name = "";
  for (let i = 0; i < MAX_DRAWS && (!name || name === last); i += 1) {
    name = draw(named, t, language, chance);
  }
  return name;
}

/** @param {Named} named @param {import("../types.js").Translate} t @param {string} language @param {() => number} chance */
function draw({ emotion, goal, places, at }, t, language, chance) {
  const one = (/** @type {string} */ key) => {
    const choices = t(key).split("|");
    return choices[Math.floor(chance() * choices.length)];
  };
  const bright = level(places.map(({ valence }) => valence));
  const lively = level(places.map(({ energy }) => energy));
  const first = chance() < 0.5 || bright === "middle" ? one(`name.mood.${emotion}`) : one(`name.valence.${bright}`);
  const second = one(`name.energy.${lively}`);
  const day = new Intl.DateTimeFormat(language, { weekday: "long" }).format(at);
  const when = t("name.when", { day, part: t(`name.part.${partOf(at)}`) });
  return goal === "match" ? t("name.match", { first, second, when }) : t("name.journey", { first, second, when, goal: one(`name.goal.${goal}`) });
}

/** @param {number[]} values 0..1 @returns {"low"|"middle"|"high"} */
function level(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean > HIGH ? "high" : mean < LOW ? "low" : "middle";
}

/** @param {Date} at */
export function partOf(at) {
  return (PARTS.find(([from]) => at.getHours() >= from) ?? PARTS[0])[1];
}
