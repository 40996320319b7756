import assert from "node:assert/strict";
import test, { beforeEach } from "node:test";

import { OfflineTracks } from "../../../static/js/music/offline-tracks.js";

const ids = (...letters) => letters.map((letter) => letter.repeat(22));
const kept = {
  tracks: Object.fromEntries(ids("a", "b", "c", "d").map((id, i) => [id, [`Title ${i}`, `Artist ${i}`, i ? 1990 + i : null]])),
  lists: { sad: { match: [ids("a", "b"), ids("c", "d")] } },
};

beforeEach(() => {
  globalThis.fetch = async () => new Response(JSON.stringify(kept));
});

test("a list has the form of the server's", async () => {
  const reply = await new OfflineTracks().snap({ emotion: "sad", goal: "match" });
  assert.deepEqual([reply.emotion, reply.goal, reply.provider, reply.problem], ["sad", "match", "catalogue", null]);
  const [first, second] = reply.tracks;
  const [id] = ids("a");
  assert.deepEqual(first, { id, title: "Title 0", artist: "Artist 0", year: null, url: `https://open.spotify.com/track/${id}` });
  assert.equal(second.year, 1991);
});

test("more brings the next list, and after the last the first again", async () => {
  const offline = new OfflineTracks();
  const letters = [];
  for (let count = 0; count < 3; count += 1) {
    const { tracks } = await offline.snap({ emotion: "sad", goal: "match" });
    letters.push(tracks.map(({ id }) => id[0]).join(""));
  }
  assert.deepEqual(letters, ["ab", "cd", "ab"]);
});

test("lists that were never fetched are an error that names them", async () => {
  globalThis.fetch = async () => new Response("", { status: 504 });
  await assert.rejects(new OfflineTracks().snap({ emotion: "sad", goal: "match" }), /Expected device\/cards\.json, got status 504/);
});
