import assert from "node:assert/strict";
import test from "node:test";

import { ServerReader } from "../../../static/js/live/server-reader.js";

/** A connection that answers `reply` to everything and keeps what it was sent. */
function connection({ connected = true, reply = { problem: null } } = {}) {
  const sent = [];
  const event = (name) => async (value) => {
    sent.push([name, value]);
    return reply;
  };
  return { connected, sent, frame: event("frame"), baseline: event("baseline"), group: event("group") };
}

const camera = { take: async () => "jpeg" };

test("a picture goes from the camera to the server", async () => {
  const live = connection({ reply: { faces: [] } });
  const reader = new ServerReader(camera, live);
  assert.deepEqual(await reader.read(await reader.capture()), { faces: [] });
  assert.deepEqual(live.sent, [["frame", "jpeg"]]);
});

test("settings are sent while the connection is there, and their problem is returned", async () => {
  const problem = { code: "bad_request", text: "", action: "" };
  const live = connection({ reply: { problem } });
  const reader = new ServerReader(camera, live);
  assert.deepEqual([await reader.setBaseline([1]), await reader.readGroup(true)], [problem, problem]);
  assert.deepEqual(live.sent, [["baseline", [1]], ["group", true]]);
});

test("without a connection nothing is sent", async () => {
  const live = connection({ connected: false });
  const reader = new ServerReader(camera, live);
  assert.deepEqual([reader.ready, await reader.setBaseline(null), await reader.readGroup(false)], [false, null, null]);
  assert.deepEqual(live.sent, []);
});
