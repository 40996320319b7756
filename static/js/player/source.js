/**
 * What the player asks of whatever makes the sound: one interface for every source.
 *
 * @typedef {"gone"|"refused"|"unreachable"|"stalled"} FailReason the source does not have the track; the browser refused to
 *   play without a press; the source itself cannot be reached; the track stopped arriving
 *
 * @typedef {{type: "started", preview: boolean}|{type: "progress", position_s: number, duration_s: number}
 *   |{type: "paused"}|{type: "resumed"}|{type: "ended"}|{type: "failed", reason: FailReason}} SourceEvent
 *   `paused` and `resumed` come where the listener used the source's own controls
 *
 * @typedef {Object} Source
 * @property {boolean} canSeek
 * @property {boolean} canSetVolume
 * @property {(track: import("../types.js").Track) => void} load stops what plays; events of it no longer come
 * @property {() => void} play from the start, or from where it was paused
 * @property {() => void} pause
 * @property {(position_s: number) => void} seek
 * @property {(volume: number) => void} [setVolume] 0..1
 * @property {() => void} stop
 */

export {};
