/**
 * Why a track is in a list, in a few words from its place on the plane of valence and energy. Pure.
 */

/** Outside this band a track is called bright or dark, lively or quiet. */
const LOW = 0.4;
const HIGH = 0.6;

/** @typedef {import("../types.js").QueueEntry} QueueEntry */

/**
 * The tracks of a reply as entries of the queue.
 * @param {Pick<import("../types.js").SnapReply, "tracks"|"path"|"goal"|"stays"|"wished">} reply
 * @param {import("../types.js").Translate} t
 * @returns {QueueEntry[]}
 */
export function entriesOf({ tracks, path, goal, stays, wished }, t) {
  return tracks.map((track, i) => {
    const { aim = null, track: place = null } = path[i] ?? {};
    const fit = goal === "match" || goal === null || stays
      ? t("why.near")
      : t("why.step", { step: i + 1, steps: tracks.length, goal: t(`goal.${goal}`) });
    const genre = wished?.[i];
    const whys = [place && `${feel(place, t)}, ${fit}`, genre && t("why.wished", { genre })];
    return { track, place, aim, why: whys.filter(Boolean).join("; ") };
  });
}

/** @param {import("../types.js").MusicPoint} place @param {import("../types.js").Translate} t @returns {string} "bright and lively" */
export function feel({ valence, energy }, t) {
  const words = [
    valence > HIGH ? t("path.bright") : valence < LOW ? t("path.dark") : "",
    energy > HIGH ? t("path.lively") : energy < LOW ? t("path.quiet") : "",
  ].filter(Boolean);
  return words.length === 2 ? t("why.and", { one: words[0], other: words[1] }) : words[0] ?? t("why.middle");
}
