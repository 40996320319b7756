import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { DeviceReader, readsByDefault, Stopped } from "../../../static/js/live/device-reader.js";

/** Keeps what it is sent and answers when told to. */
class StandIn extends EventTarget {
  static made = [];
  sent = [];
  ended = false;

  constructor(url, options) {
    super();
    Object.assign(this, { url, options });
    StandIn.made.push(this);
  }

  postMessage(message, handed = []) {
    this.sent.push({ ...message, handed });
  }

  answer(fields, job = this.sent.at(-1).job) {
    const event = Object.assign(new Event("message"), { data: { job, ...fields } });
    this.dispatchEvent(event);
  }

  terminate() {
    this.ended = true;
  }
}

beforeEach(() => {
  StandIn.made = [];
  globalThis.Worker = StandIn;
});

/** Nothing is captured here. */
const camera = { pixels: async () => null };
const TEST = { rate_hz: 30, least_rate_hz: 5 };

async function started(reader = new DeviceReader(camera, () => undefined)) {
  const test = reader.start();
  const worker = StandIn.made.at(-1);
  worker.answer({ result: TEST });
  assert.deepEqual(await test, TEST);
  return { reader, worker };
}

test("starting loads once, however often it is asked", async () => {
  const reader = new DeviceReader(camera, () => undefined);
  const both = [reader.start(), reader.start()];
  assert.equal(reader.ready, false);
  StandIn.made[0].answer({ result: TEST });
  assert.deepEqual(await Promise.all(both), [TEST, TEST]);
  assert.equal(StandIn.made.length, 1);
  assert.deepEqual(StandIn.made[0].options, { type: "module" });
  assert.equal(reader.ready, true);
});

test("progress is told", () => {
  const told = [];
  new DeviceReader(camera, (share) => told.push(share)).start().catch(() => undefined);
  StandIn.made[0].answer({ progress: 0.5 }, null);
  assert.deepEqual(told, [0.5]);
});

test("a frame's pixels are handed over, not copied, and its answer finds its way back", async () => {
  const { reader, worker } = await started();
  const data = new Uint8ClampedArray(4);
  const [first, second] = [reader.read({ data, width: 1, height: 1 }), reader.setBaseline(null)];
  const [, frame, baseline] = worker.sent;
  assert.deepEqual([frame.kind, frame.handed, baseline.kind], ["frame", [data.buffer], "baseline"]);
  worker.answer({ result: undefined }, baseline.job);
  worker.answer({ result: "first" }, frame.job);
  assert.deepEqual(await Promise.all([first, second]), ["first", null]);
});

test("a fault of the worker rejects, and the next start tries again", async () => {
  const reader = new DeviceReader(camera, () => undefined);
  const failed = reader.start();
  StandIn.made[0].answer({ fault: "no network" });
  await assert.rejects(failed, (fault) => !(fault instanceof Stopped) && fault.message === "no network");
  await started(reader);
  assert.equal(StandIn.made.length, 2);
});

test("after a fault the rest of the loading is ended, and its progress not told", async () => {
  const told = [];
  const reader = new DeviceReader(camera, (share) => told.push(share));
  const failed = reader.start();
  StandIn.made[0].answer({ fault: "no network" });
  await assert.rejects(failed, /no network/);
  assert.equal(StandIn.made[0].ended, true);
  StandIn.made[0].answer({ progress: 1 }, null);
  assert.deepEqual(told, []);
});

test("a worker that cannot even start rejects", async () => {
  const failed = new DeviceReader(camera, () => undefined).start();
  StandIn.made[0].dispatchEvent(new Event("error", { cancelable: true }));
  await assert.rejects(failed, /The worker could not be started/);
  assert.equal(StandIn.made[0].ended, true);
});

test("stopping ends the worker, and what was under way", async () => {
  const { reader, worker } = await started();
  const frame = reader.read({ data: new Uint8ClampedArray(4), width: 1, height: 1 });
  reader.stop();
  await assert.rejects(frame, Stopped);
  await assert.rejects(reader.setBaseline(null), Stopped);
  assert.deepEqual([worker.ended, reader.ready], [true, false]);
});

test("what a stopped worker still says is not heard", async () => {
  const reader = new DeviceReader(camera, () => undefined);
  const first = reader.start();
  reader.stop();
  await assert.rejects(first);
  const second = reader.start();
  StandIn.made[0].answer({ result: "old" }, 2);
  StandIn.made[1].answer({ result: TEST });
  assert.deepEqual(await second, TEST);
});

for (const [on_device, hostname, reads] of /** @type {const} */ ([
  ["offer", "localhost", false],
  ["offer", "127.0.0.1", false],
  ["offer", "[::1]", false],
  ["offer", "192.168.1.20", true],
  ["offer", "music.example", true],
  ["default", "127.0.0.1", true],
  ["never", "music.example", false],
])) {
  test(`${on_device} at ${hostname}: this device ${reads ? "reads" : "does not read"} by default`, () => {
    assert.equal(readsByDefault(on_device, hostname), reads);
  });
}
