/**
 * Puts the player on a page: the bar, the queue of this tab, the sources of sound.
 */

import { saveFile } from "../lib/save-file.js";
import { toJspf, toM3u } from "../music/playlist-files.js";
import { AccountPanel } from "./account-panel.js";
import { BarView } from "./bar-view.js";
import { askHowToFill } from "./fill-dialog.js";
import { freshList } from "./fresh-list.js";
import { connectMediaSession } from "./media-session.js";
import { Player } from "./player.js";
import { MusicFrom } from "./options/music-from.js";
import { QueueMap } from "./queue-map.js";
import { SoundOptions } from "./options/sound-options.js";
import { AudioSource } from "./sources/audio-source.js";
import { DeviceSource } from "./sources/device-source.js";
import { EmbedSource } from "./sources/embed-source.js";
import { FadingSource } from "./sources/fading-source.js";
import { SpotifyDevice } from "./sources/spotify-device.js";
import { StreamSource } from "./sources/stream-source.js";
import { TrackSources } from "./sources/track-sources.js";

/** The queue, in this tab alone. */
export const QUEUE_KEY = "queue";
const FILL_KEY = "queue-fill";
const VOLUME_KEY = "volume";

/** @typedef {import("./queue.js").QueueEntry} QueueEntry */

/**
 * @typedef {Object} PlayerPage what the player needs of a page
 * @property {import("../types.js").Translate} t
 * @property {import("../lib/storage.js").BrowserStorage} session
 * @property {import("../lib/storage.js").BrowserStorage} preferences
 * @property {(entry: QueueEntry, like: boolean) => Promise<QueueEntry[]>} [onFeedback] what comes for it: more like it, or another
 * @property {() => Promise<void>|void} [onMusicFrom] asks for songs anew, where the page can
 *
 * @typedef {ReturnType<typeof mountPlayer>} MountedPlayer
 */

/** @param {PlayerPage} page */
export function mountPlayer({ t, session, preferences, onFeedback, onMusicFrom }) {
  /** Whether the listener did anything with this queue: until then a new list takes its place. */
  let touched = false;
  const sound = new SoundOptions(t, preferences);
  const musicFrom = new MusicFrom(t, preferences, async () => {
    touched = false;
    await onMusicFrom?.();
    player.play();
  });
  /** @param {string} id @param {"started"|"failed"} type */
  const reportStream = (id, type) => {
    const [source, key] = id.split(":");
    if (type === "failed") {
      musicFrom.failed(id);
    } else if (source === "radio") {
      fetch(`streams/radio/${key}/started`, { method: "POST" }).catch(() => undefined);
    }
  };
  /** @type {Player} */
  const player = new Player(
    (emit) => new TrackSources(
      {
        audio: (emitOwn) => new FadingSource((emitOne) => new AudioSource(emitOne), emitOwn, () => sound.values),
        stream: (emitOwn) => new StreamSource(document.body, emitOwn, reportStream),
        device: (emitOwn) => new DeviceSource(new SpotifyDevice(account.account), emitOwn),
        embed: (emitOwn) => new EmbedSource(bar.embed, t("player.frame"), emitOwn),
      },
      emit,
      {
        onUse: (name) => (bar.embed.hidden = name !== "embed"),
        onDevice: () => account.onDevice,
      },
    ),
    { get: () => session.get(QUEUE_KEY), set: (text) => session.set(QUEUE_KEY, text) },
  );
  const account = new AccountPanel(t, {
    preferences,
    tracks: () => player.queue.entries.map(({ track }) => track),
    // What plays goes on in the other place, from the start of its track.
    onPlace: () => player.reload(),
  });
  /** @template {any[]} A @param {(...values: A) => void} action @returns {(...values: A) => void} */
  const touching = (action) => (...values) => {
    touched = true;
    action(...values);
  };
  const bar = new BarView(t, {
    toggle: touching(() => player.toggle()),
    next: touching(() => player.next()),
    back: touching(() => player.back()),
    seek: (position_s) => player.seek(position_s),
    setVolume: (volume) => {
      player.setVolume(volume);
      if (!player.ownVolume) {
        preferences.set(VOLUME_KEY, String(volume));
      }
    },
    jump: touching((index) => player.jump(index)),
    move: touching((from, to) => player.move(from, to)),
    remove: touching((index) => player.remove(index)),
    feedback: onFeedback && touching((index, like) => judge(index, like)),
    open: () => account.refresh(),
    save: (format) => save(format),
    clear: () => {
      touched = false;
      player.clear();
    },
    chooseFill: (choice) => preferences.set(FILL_KEY, choice === "ask" ? null : choice),
  });
  const show = () =>
    bar.update(player.values, { canSeek: player.canSeek, canSetVolume: player.canSetVolume, hasNext: player.queue.hasNext });
  player.state.observe(["phase", "current", "position_s", "duration_s", "preview", "volume", "problem", "revision"], show);
  const showQueue = () => {
    bar.updateQueue(player.queue.entries, player.queue.index);
    map.update(player.queue.entries, player.queue.index);
  };
  player.state.observe(["revision"], showQueue);
  const map = new QueueMap(t);
  bar.addToQueue(sound.element);
  if (onMusicFrom) {
    bar.addToQueue(musicFrom.element);
  }
  bar.addToQueue(account.element);
  bar.addToQueue(map.element);
  connectMediaSession(player);
  bar.showFill(preferences.get(FILL_KEY));
  touched = player.queue.recent.length > 0;
  player.setVolume(storedVolume(preferences.get(VOLUME_KEY)));
  show();
  showQueue();

  /** "More like this" brings more after it; "not this" takes another one in its place. @param {number} index @param {boolean} like */
  async function judge(index, like) {
    const entry = player.queue.entries[index];
    const before = player.queue.entries[index - 1];
    const coming = onFeedback?.(entry, like);
    if (!like) {
      player.remove(index);
    }
    const entries = (await coming) ?? [];
    // What comes for a track that was played already comes next.
    const place = Math.max(player.queue.entries.indexOf(like ? entry : before), player.queue.index);
    player.insert(place, entries);
  }

  /** @param {"m3u"|"jspf"} format */
  function save(format) {
    const tracks = player.queue.entries.map(({ track }) => linked(track));
    const text = format === "m3u" ? toM3u(tracks) : toJspf(t("player.file"), tracks);
    const type = format === "m3u" ? "audio/x-mpegurl" : "application/jspf+json";
    saveFile(`feelharmonic.${format}`, new Blob([text], { type: `${type};charset=utf-8` }));
  }

  return {
    player,
    bar,

    /** A new list. Where the queue is in use the listener is asked once whether it is added or takes its place. @param {QueueEntry[]} all */
    async fill(all) {
      const entries = all.filter(({ track }) => !musicFrom.hasFailed(track.id));
      if (!entries.length) {
        return;
      }
      if (player.queue.isEmpty || !touched) {
        player.fill(entries, "replace");
        return;
      }
      let how = preferences.get(FILL_KEY);
      if (how !== "append" && how !== "replace") {
        how = await askHowToFill(t);
        preferences.set(FILL_KEY, how);
        bar.showFill(how);
      }
      player.fill(entries, how === "replace" ? "replace" : "append");
    },

    /**
     * What `ask` gives, without what this tab has played or found missing.
     * @template {{reply: import("../types.js").SnapReply}} Answer
     * @param {() => Promise<Answer>} ask
     */
    fresh: (ask) => freshList(ask, (id) => player.queue.recent.includes(id) || player.queue.gone.includes(id)),

    /** Plays one track; where it is not in the queue, it comes next. @param {QueueEntry} entry */
    playNow(entry) {
      touched = true;
      const known = player.queue.entries.findIndex(({ track }) => track.id === entry.track.id);
      if (known >= 0) {
        player.jump(known);
        return;
      }
      player.replan([entry, ...player.queue.upcoming]);
      player.jump(player.queue.entries.findIndex(({ track }) => track.id === entry.track.id));
    },

    toggle: touching(() => player.toggle()),
    next: touching(() => player.next()),
    back: touching(() => player.back()),
  };
}

/** A track of ours has no page; a file of tracks names its sound instead. @param {import("../types.js").Track} track */
function linked(track) {
  return track.url || !track.audio ? track : { ...track, url: new URL(track.audio.replace(/^\//, ""), document.baseURI).href };
}

/** @param {string|null} text @returns {number} 0..1 */
function storedVolume(text) {
  const volume = Number(text ?? 1);
  return volume >= 0 && volume <= 1 ? volume : 1;
}
