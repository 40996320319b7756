// Which source plays which track, and that one alone is heard.
import assert from "node:assert/strict";
import test from "node:test";

import { sourceOf, TrackSources } from "../../../static/js/player/sources/track-sources.js";

const spotify = { id: "0".repeat(22), title: "", artist: "", year: null, url: "" };
const own = { id: "own:1", title: "", artist: "", year: null, url: "", audio: "/music/1" };

function setUp() {
  const done = [];
  const emits = {};
  const heard = [];
  const maker = (name, more) => (emit) => {
    emits[name] = (type) => emit({ type });
    done.push(`make ${name}`);
    const source = { canSeek: name === "audio", canSetVolume: name === "audio", ...more };
    for (const method of ["load", "play", "pause", "seek", "stop"]) {
      source[method] = () => done.push(`${name} ${method}`);
    }
    return source;
  };
  const volumes = [];
  const told = [];
  const deviceVolumes = [];
  const makers = { audio: maker("audio", { setVolume: (volume) => volumes.push(volume) }), embed: maker("embed", {}), device: maker("device", { ownVolume: true, setVolume: (volume) => deviceVolumes.push(volume) }) };
  const place = { onDevice: false };
  const used = [];
  const sources = new TrackSources(makers, (event) => (event.type === "volume" ? told.push(event) : heard.push(event.type)), {
    onUse: (name) => used.push(name),
    onDevice: () => place.onDevice,
  });
  return { sources, done, emits, heard, used, volumes, deviceVolumes, place, told };
}

test("a track with an address of its sound goes to the audio element, Spotify's to its embed", () => {
  assert.deepEqual([sourceOf(spotify), sourceOf(own), sourceOf({ ...spotify, audio: "/x" })], ["embed", "audio", "audio"]);
  assert.equal(sourceOf({ ...own, audio: undefined }), "audio");
  assert.deepEqual([sourceOf(spotify, true), sourceOf(own, true)], ["device", "audio"]);
});

test("a choice of the device holds from the next load", () => {
  const { sources, done, place } = setUp();
  sources.load(spotify);
  place.onDevice = true;
  sources.load(spotify);
  assert.deepEqual(done, ["make embed", "embed load", "make device", "embed stop", "device load"]);
});

test("a source is made with its first track; the one before stops", () => {
  const { sources, done, used } = setUp();
  sources.load(spotify);
  sources.play();
  sources.load(own);
  sources.play();
  sources.load(own);
  sources.load(spotify);
  sources.stop();
  assert.deepEqual(done, [
    "make embed", "embed load", "embed play", "make audio", "embed stop", "audio load", "audio play", "audio load", "audio stop",
    "embed load", "embed stop",
  ]);
  assert.deepEqual(used, ["embed", "audio", "audio", "embed"]);
});

test("the source that plays is the only one that is heard", () => {
  const { sources, emits, heard } = setUp();
  sources.load(spotify);
  emits.embed("started");
  sources.load(own);
  emits.embed("ended");
  emits.audio("started");
  assert.deepEqual(heard, ["started", "started"]);
});

test("what can be done is what the source of the moment can do", () => {
  const { sources } = setUp();
  assert.deepEqual([sources.canSeek, sources.canSetVolume], [false, false]);
  sources.load(own);
  assert.deepEqual([sources.canSeek, sources.canSetVolume], [true, true]);
  sources.load(spotify);
  assert.deepEqual([sources.canSeek, sources.canSetVolume], [false, false]);
});

test("a volume set while another source plays holds for the next track", () => {
  const { sources, volumes } = setUp();
  sources.load(spotify);
  sources.setVolume(0.3);
  sources.load(own);
  sources.setVolume(0.6);
  assert.deepEqual(volumes, [0.3, 0.6]);
});

test("a device's own volume stays as it is until the listener moves it, and is no other source's", () => {
  const { sources, volumes, deviceVolumes, place, told } = setUp();
  place.onDevice = true;
  sources.setVolume(0.3);
  sources.load(spotify);
  assert.deepEqual(deviceVolumes, []);
  sources.setVolume(0.9);
  sources.load(own);
  assert.deepEqual([deviceVolumes, volumes], [[0.9], [0.3]]);
  assert.deepEqual(told, [{ type: "volume", volume: 0.3 }]);
});
