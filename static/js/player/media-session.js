/**
 * Headset and lock-screen keys, and what they show.
 */

/** @typedef {import("./player.js").Player} Player */

/** @param {Player} player */
export function connectMediaSession(player) {
  const session = navigator.mediaSession;
  if (!session) {
    return;
  }
  /** @type {[MediaSessionAction, (details: MediaSessionActionDetails) => void][]} */
  const handlers = [
    ["play", () => player.play()],
    ["pause", () => player.pause()],
    ["nexttrack", () => player.next()],
    ["previoustrack", () => player.back()],
    ["seekto", ({ seekTime }) => player.seek(seekTime ?? 0)],
  ];
  for (const [action, handler] of handlers) {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // This browser does not have that key.
    }
  }
  player.state.observe(["current", "phase"], ({ current, phase }) => {
    session.playbackState = phase === "playing" || phase === "loading" ? "playing" : phase === "paused" ? "paused" : "none";
    session.metadata = current && new MediaMetadata({ title: current.track.title, artist: current.track.artist });
  });
  player.state.observe(["position_s", "duration_s"], ({ position_s, duration_s }) => {
    // Without a length there is no place on the lock screen's bar.
    session.setPositionState?.(duration_s ? { duration: duration_s, position: Math.min(position_s, duration_s) } : {});
  });
}
