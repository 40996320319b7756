/**
 * A list without what this tab has played: the tab alone knows that, so it asks for further lists and takes their tracks.
 */

/** So many further lists are asked for. */
export const MAX_MORE = 4;

/** @typedef {import("../types.js").SnapReply} SnapReply */
/** @typedef {{track: import("../types.js").Track, step: import("../types.js").PathPoint|undefined, genre: string|null|undefined}} Row */

/**
 * @template {{reply: SnapReply}} Answer
 * @param {() => Promise<Answer>} ask
 * @param {(id: string) => boolean} isPlayed
 * @returns {Promise<Answer>} what `ask` gave first, with played tracks replaced or left out; unchanged if it is all that there is
 */
export async function freshList(ask, isPlayed) {
  const answer = await ask();
  const { reply } = answer;
  const rows = rowsOf(reply);
  const isKnown = (/** @type {string} */ id) => isPlayed(id) || rows.some(({ track }) => track.id === id);
  for (let more = 0; more < MAX_MORE && rows.some(({ track }) => isPlayed(track.id)); more += 1) {
    const other = await ask().catch(() => null);
    const found = other ? rowsOf(other.reply) : [];
    rows.forEach(({ track }, i) => {
      if (isPlayed(track.id)) {
        // On a journey a track stands at its own step; elsewhere any other will do.
        const choice = reply.goal === "match" ? found : found.slice(i, i + 1);
        rows[i] = choice.find((row) => !isKnown(row.track.id)) ?? rows[i];
      }
    });
  }
  const fresh = rows.filter(({ track }) => !isPlayed(track.id));
  return fresh.length ? { ...answer, reply: { ...reply, ...columnsOf(fresh, reply) } } : answer;
}

/** @param {SnapReply} reply @returns {Row[]} */
function rowsOf({ tracks, path, wished }) {
  return tracks.map((track, i) => ({ track, step: path[i], genre: wished?.[i] }));
}

/** @param {Row[]} rows @param {SnapReply} reply whose columns they are */
function columnsOf(rows, { path, wished }) {
  return {
    tracks: rows.map(({ track }) => track),
    path: path.length ? rows.map(({ step }) => /** @type {import("../types.js").PathPoint} */ (step)) : path,
    ...(wished && { wished: rows.map(({ genre }) => genre ?? null) }),
  };
}
