import assert from "node:assert/strict";
import test from "node:test";

import { isTrackId, trackUrl } from "../../../static/js/lib/track-id.js";

test("an id has 22 letters and digits", () => {
  assert.ok(isTrackId("4uLU6hMCjMI75M1A2tKUQC"));
  for (const text of ["", "4uLU6hMCjMI75M1A2tKUQ", "4uLU6hMCjMI75M1A2tKUQCx", "4uLU6hMCjMI75M1A2tKUQ/", " 4uLU6hMCjMI75M1A2tKUQ"]) {
    assert.ok(!isTrackId(text), text);
  }
});

test("a track has its page at Spotify", () => {
  assert.equal(trackUrl("4uLU6hMCjMI75M1A2tKUQC"), "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC");
});
