/**
 * Lists as the server sent them, changed by what the listener said of their tracks. Pure.
 */

/**
 * The reply without the tracks that are shown no more.
 * @param {import("../../types.js").SnapReply} reply @param {string[]} shown their ids
 */
export function without(reply, shown) {
  const stays = (/** @type {unknown} */ _, /** @type {number} */ i) => shown.includes(reply.tracks[i]?.id);
  return { ...reply, tracks: reply.tracks.filter(stays), path: reply.path.filter(stays), wished: reply.wished?.filter(stays) };
}

/**
 * The reply with the track that answers feedback: in the place of one that was not wanted, after one that was.
 * @param {import("../../types.js").SnapReply} reply
 * @param {string} id
 * @param {import("../../types.js").QueueEntry} entry
 * @param {boolean} like
 */
export function answered(reply, id, { track, place }, like) {
  const i = reply.tracks.findIndex((known) => known.id === id);
  const taken = like ? 0 : 1;
  const at = i + 1 - taken;
  const aim = reply.path[i]?.aim;
  return {
    ...reply,
    tracks: reply.tracks.toSpliced(at, taken, track),
    path: aim ? reply.path.toSpliced(at, taken, { aim, track: place }) : reply.path,
    wished: reply.wished?.toSpliced(at, taken, null),
  };
}
