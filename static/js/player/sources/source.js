/**
 * What the player asks of whatever makes the sound: one interface for every source.
 *
 * @typedef {"gone"|"unplayable"|"stalled"|"refused"|"unanswered"|"offline"|"blocked"|"device"|"no_device"|"premium_required"
 *   |"not_connected"} FailReason
 *   gone: Spotify does not have the track; unplayable: there is no such sound, or the browser does not play its format;
 *   stalled: the track stopped arriving; refused: the browser did not play without a press; unanswered: the source's player
 *   says nothing; offline: there is no network; blocked: there is one, and the source's player does not load all the same;
 *   device: the listener's device did not do it; no_device, premium_required, not_connected: why it cannot
 *
 * @typedef {{type: "started", preview: boolean}|{type: "progress", position_s: number, duration_s: number}
 *   |{type: "paused"}|{type: "resumed"}|{type: "ending"}|{type: "ended"}|{type: "volume", volume: number}
 *   |{type: "failed", reason: FailReason}} SourceEvent
 *   `ending`: the last seconds play, and the next track may begin over them; `paused`, `resumed` and `volume` (0..1) come
 *   where the listener used the source's own controls. Neither `started` nor `failed` comes while a method runs.
 *
 * @typedef {Object} Source
 * @property {boolean} canSeek now: a stream without an end cannot
 * @property {boolean} canSetVolume
 * @property {(track: import("../../types.js").Track) => void} load stops what plays; events of it no longer come
 * @property {() => void} play from the start, or from where it was paused
 * @property {() => void} pause
 * @property {(position_s: number) => void} seek
 * @property {(volume: number) => void} [setVolume] 0..1
 * @property {boolean} [ownVolume] whether the source's volume is set elsewhere, too: it changes by the listener's hand alone
 * @property {() => void} stop
 * @property {() => void} [leave] stop, since another source plays on: what is ending may fade out
 */

/** A track that has not started by then has failed. */
export const START_TIMEOUT_MS = 8000;
/** A track that has started and then buffers for longer has failed. */
export const MAX_BUFFERING_MS = 15_000;
