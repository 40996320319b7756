// A sorted playlist as CSV: quoted where it must be, and nothing that a spreadsheet would run.
import assert from "node:assert/strict";
import test from "node:test";

import { asCsv, asText } from "../../../static/js/playlist/sorted-playlist.js";

const track = { id: "1", artist: 'The "Who"', title: "=HYPERLINK(1)", mood: "Sad", confidence: 0.5, valence: 0.1, energy: 0.2, distance: -0.5 };

test("a formula becomes text, quotes are doubled, numbers stay numbers", () => {
  assert.equal(asCsv([track]).split("\r\n")[1], `1,"The ""Who""",'=HYPERLINK(1),Sad,0.5,0.1,0.2,-0.5`);
});

test("Spotify's rows become a table that the server reads", () => {
  assert.equal(asText([{ id: "1", artist: "Ann, Bob", title: "One" }]), 'id,artist,title\n1,"Ann, Bob",One');
});
