import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { ReadingController } from "../../../static/js/live/controllers/reading-controller.js";
import { State } from "../../../static/js/lib/state.js";

/** What an element of the page is to the controller. */
class Part extends EventTarget {
  textContent = "";
  hidden = false;
  checked = false;
  setAttribute() {}
  focus() {}
}

/** The device's worker: answers every request at once; "load" as the test says. */
class Worker extends EventTarget {
  static loads = 0;
  static fault = undefined;

  postMessage({ job, kind }) {
    const result = kind === "load" ? { rate_hz: 30, least_rate_hz: 5 } : { ...EMPTY, on_device: true };
    Worker.loads += kind === "load" ? 1 : 0;
    const data = { job, result, ...(kind === "load" && Worker.fault && { fault: Worker.fault }) };
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("message"), { data })));
  }

  terminate() {}
}

const EMPTY = { faces: [], mood: null, problem: null };
const FULL = { ...EMPTY, problem: { code: "full", text: "", action: "" } };

let parts;

beforeEach(() => {
  parts = {};
  Worker.loads = 0;
  Worker.fault = undefined;
  globalThis.Worker = Worker;
  globalThis.location = { hostname: "localhost" };
  globalThis.document = { hidden: false, body: { dataset: {} }, getElementById: (id) => (parts[id] ??= new Part()) };
});

/** The page with a camera that runs, and a server whose every answer to a picture is `answer`. */
function opened({ answer = FULL, on_device = "offer", connected = true } = {}) {
  const shown = {};
  const page = {
    state: new State({ reader: null, connection: null, baseline: null, group: false, mood: null, mood_at_ms: 0, stage: "live" }),
    get values() {
      return this.state.values;
    },
    config: { on_device },
    preferences: new Map(),
    notice: { update: (cause, text) => (shown[cause] = text) },
    t: (key) => key,
  };
  const camera = { running: true, take: async () => new ArrayBuffer(1), pixels: async () => ({ data: new Uint8Array(4), width: 1, height: 1 }) };
  const nothing = async () => ({ problem: null });
  const connection = { connected, frame: async () => answer, device: nothing, baseline: nothing, group: nothing, resume: nothing };
  const reading = new ReadingController(page, camera, connection);
  reading.start();
  return { page, reading, shown };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 60));

test("this device reads for a server that is full, and says so", async (t) => {
  const { page, reading } = opened();
  t.after(() => reading.stop());
  await settled();
  assert.equal(page.values.reader.onDevice, true);
  assert.equal(parts["device-note"].textContent, "device.full");
  assert.equal(page.preferences.has("device"), false, "the next visit asks the server again");
});

test("likewise where the server's connections are all taken", async (t) => {
  const { page, reading } = opened({ connected: false });
  t.after(() => reading.stop());
  page.state.update({ connection: "crowded" });
  await settled();
  assert.equal(page.values.reader.onDevice, true);
});

test("a server that has room reads", async (t) => {
  const { page, reading } = opened({ answer: EMPTY });
  t.after(() => reading.stop());
  await settled();
  assert.equal(page.values.reader.onDevice, false);
  assert.equal(Worker.loads, 0);
});

test("where this device cannot read, the page goes on asking the full server, and tries the device once", async (t) => {
  Worker.fault = "no WebAssembly here";
  const { page, reading, shown } = opened();
  t.after(() => reading.stop());
  await settled();
  assert.equal(page.values.reader.onDevice, false);
  assert.equal(shown.busy, "problem.full");
  assert.equal(parts["device-note"].textContent, "");
  page.state.update({ connection: "crowded" });
  await settled();
  assert.equal(Worker.loads, 1);
});

test("a host that lets no device read keeps its listeners waiting", async (t) => {
  const { page, reading } = opened({ on_device: "never" });
  t.after(() => reading.stop());
  await settled();
  assert.equal(page.values.reader.onDevice, false);
  assert.equal(Worker.loads, 0);
});

test("a listener who then chooses the server waits for it", async (t) => {
  const { page, reading } = opened();
  t.after(() => reading.stop());
  await settled();
  parts["device-on"].checked = false;
  parts["device-on"].dispatchEvent(new Event("change"));
  await settled();
  assert.equal(page.values.reader.onDevice, false);
});
