// The listener's own Spotify device as a source. Account, device and clock are the test's own.
import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { HttpFault } from "../../../static/js/lib/http.js";
import { SpotifyAccount } from "../../../static/js/music/spotify-account.js";
import { DeviceSource } from "../../../static/js/player/sources/device-source.js";
import { SpotifyDevice } from "../../../static/js/player/sources/spotify-device.js";

const LENGTH_S = 200;
const A = "a".repeat(22);
const B = "b".repeat(22);
const track = (id) => ({ id, title: id, artist: "", year: null, url: "" });

let now_ms;

beforeEach(() => {
  now_ms = 0;
  globalThis.window = globalThis;
  Object.defineProperty(globalThis, "performance", { value: { now: () => now_ms }, configurable: true, writable: true });
});

/** A device that plays what it is told, by the test's clock. */
function setUp(context) {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const device = { ids: [], playing: false, position_s: 0, at_ms: 0, volume: 0.5, fault: "", deaf: false };
  const asked = [];
  const position_s = () => device.position_s + (device.playing ? (now_ms - device.at_ms) / 1000 : 0);
  const set = (changes) => Object.assign(device, { position_s: position_s(), at_ms: now_ms }, changes);
  const act = async (name, changes) => {
    asked.push(name);
    if (device.fault) {
      throw new HttpFault("", { code: device.fault });
    }
    if (!device.deaf) {
      set(changes);
    }
  };
  const account = {
    play: (id) => act(`play ${id[0]}`, { ids: [id], playing: true, position_s: 0 }),
    control: (action, value) => {
      const changes = { pause: { playing: false }, resume: { playing: true }, seek: { position_s: value }, volume: { volume: value } };
      return act(action === "volume" ? `volume ${value}` : action, changes[action]);
    },
    playback: async () => {
      if (device.fault) {
        throw new HttpFault("", { code: device.fault });
      }
      if (position_s() >= LENGTH_S && device.playing) {
        set(device.next ? { ids: [device.next], position_s: 0 } : { playing: false, position_s: 0 });
      }
      return { ids: device.ids, playing: device.playing, position_s: position_s(), duration_s: LENGTH_S, volume: device.volume };
    },
  };
  const events = [];
  const source = new DeviceSource(account, (event) => events.push(event));
  const wait = async (ms) => {
    for (const end = now_ms + ms; now_ms < end; ) {
      now_ms += 100;
      context.mock.timers.tick(100);
      for (let i = 0; i < 8; i += 1) await Promise.resolve();
    }
  };
  const types = () => events.filter(({ type }) => !["progress", "volume"].includes(type)).map(({ type, reason }) => reason ?? type);
  return { source, device, set, asked, events, types, wait };
}

test("a track plays on the device to its end, and its position is counted between two answers", async (context) => {
  const { source, asked, events, types, wait } = setUp(context);
  source.load(track(A));
  source.play();
  await wait(2000);
  assert.deepEqual([asked, types()], [["play a"], ["started"]]);
  const { position_s, duration_s } = events.at(-1);
  assert.ok(Math.abs(position_s - 2) < 0.6, String(position_s));
  assert.equal(duration_s, LENGTH_S);
  await wait((LENGTH_S - 3) * 1000);
  assert.deepEqual(types(), ["started"]);
  await wait(2500);
  assert.deepEqual(types(), ["started", "ended"]);
});

test("a device that goes on with another track at the end has ended ours", async (context) => {
  const { source, device, types, wait } = setUp(context);
  device.next = B;
  source.load(track(A));
  source.play();
  await wait(LENGTH_S * 1000 + 2000);
  assert.deepEqual(types(), ["started", "ended"]);
});

test("a pause at the device is told and no end, also a second before it; going on there is told, too", async (context) => {
  const { source, set, types, wait } = setUp(context);
  source.load(track(A));
  source.play();
  await wait(2000);
  set({ position_s: LENGTH_S - 1, playing: false });
  await wait(7000);
  assert.deepEqual(types(), ["started", "paused"]);
  set({ position_s: 10, playing: true });
  await wait(7000);
  assert.deepEqual(types(), ["started", "paused", "resumed"]);
});

test("another track that the listener starts there pauses ours, and a press brings it back from its start", async (context) => {
  const { source, set, asked, types, wait } = setUp(context);
  source.load(track(A));
  source.play();
  await wait(2000);
  set({ ids: [B], position_s: 0 });
  await wait(4000);
  assert.deepEqual(types(), ["started", "paused"]);
  source.play();
  await wait(2000);
  assert.deepEqual([asked.at(-1), types().at(-1)], ["play a", "started"]);
});

test("a pause of ours is no pause of theirs, and play resumes", async (context) => {
  const { source, asked, types, wait } = setUp(context);
  source.load(track(A));
  source.play();
  await wait(2000);
  source.pause();
  await wait(7000);
  source.play();
  await wait(2000);
  assert.deepEqual([asked, types()], [["play a", "pause", "resume"], ["started"]]);
});

for (const [code, reason] of [
  ["no_device", "no_device"], ["premium_required", "premium_required"], ["not_connected", "not_connected"], ["spotify_broken", "device"],
]) {
  test(`the fault ${code} is told as ${reason}`, async (context) => {
    const { source, device, types, wait } = setUp(context);
    device.fault = code;
    source.load(track(A));
    source.play();
    await wait(300);
    assert.deepEqual(types(), [reason]);
  });
}

test("a track that does not start on the device in 8 s is gone", async (context) => {
  const { source, device, types, wait } = setUp(context);
  device.deaf = true;
  source.load(track(A));
  source.play();
  await wait(7800);
  assert.deepEqual(types(), []);
  await wait(1200);
  assert.deepEqual(types(), ["gone"]);
});

test("seeking moves the position at once, and the device", async (context) => {
  const { source, device, asked, events, wait } = setUp(context);
  source.load(track(A));
  source.play();
  await wait(2000);
  source.seek(100);
  await wait(1000);
  assert.equal(asked.at(-1), "seek");
  assert.ok(device.position_s >= 100 && events.at(-1).position_s >= 100);
});

test("the volume is set where the device says that it has one, once for a drag", async (context) => {
  const { source, asked, events, wait } = setUp(context);
  source.setVolume(0.1);
  source.load(track(A));
  source.play();
  await wait(2000);
  assert.equal(source.canSetVolume, true);
  for (const volume of [0.2, 0.3, 0.4]) {
    source.setVolume(volume);
    await wait(100);
  }
  await wait(500);
  assert.deepEqual(asked, ["play a", "volume 0.4"]);
  // The device's own volume is shown, but not while the hand moves it.
  assert.deepEqual(events.filter(({ type }) => type === "volume").at(-1).volume, 0.5);
  await wait(7000);
  assert.equal(events.filter(({ type }) => type === "volume").at(-1).volume, 0.4);
});

test("a source that is left pauses the device and says no more", async (context) => {
  const { source, asked, types, wait } = setUp(context);
  source.load(track(A));
  source.play();
  await wait(2000);
  source.stop();
  await wait(LENGTH_S * 1000);
  assert.deepEqual([asked.at(-1), types()], ["pause", ["started"]]);
});

test("what is asked of the device travels with the token that the account's status gave", async () => {
  const asked = [];
  globalThis.fetch = async (url, { method = "GET", headers, body }) => {
    asked.push([method, url, headers?.["X-CSRF-Token"], body && JSON.parse(body)]);
    return new Response(JSON.stringify({ available: true, connected: true, csrf: "abc" }));
  };
  const account = new SpotifyAccount();
  await account.status();
  const device = new SpotifyDevice(account);
  await device.play(A);
  await device.playback();
  await device.control("seek", 4);
  assert.deepEqual(asked.slice(1), [
    ["POST", "api/v1/spotify/play", "abc", { ids: [A] }],
    ["GET", "api/v1/spotify/playback", "abc", undefined],
    ["POST", "api/v1/spotify/playback", "abc", { action: "seek", value: 4 }],
  ]);
});
