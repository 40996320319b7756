import assert from "node:assert/strict";
import test from "node:test";

import { fromHash, toLink } from "../../../static/js/lib/link.js";

const config = { emotions: [{ name: "happy" }, { name: "sad" }], goals: ["match", "lift"] };
const ids = ["4uLU6hMCjMI75M1A2tKUQC", "7ouMYWpwJ422jRcDASZB7P"];

test("a link comes back as the list that it was made of", () => {
  const link = toLink("http://here/?lang=de#old", { emotion: "sad", goal: "lift", ids });
  assert.equal(link, `http://here/?lang=de#mood=sad&goal=lift&tracks=${ids.join(",")}`);
  assert.deepEqual(fromHash(new URL(link).hash, config), { emotion: "sad", goal: "lift", ids });
});

for (const hash of [
  "",
  "#mood",
  `#mood=bored&goal=lift&tracks=${ids[0]}`,
  `#mood=sad&goal=sleep&tracks=${ids[0]}`,
  "#mood=sad&goal=lift&tracks=",
  "#mood=sad&goal=lift&tracks=../../evil,<script>",
]) {
  test(`"${hash}" is no list`, () => assert.equal(fromHash(hash, config), null));
}

test("ids that are none, or come twice, are left out", () => {
  const list = fromHash(`#mood=sad&goal=match&tracks=${ids[0]},no,${ids[0]},${ids[1]}`, config);
  assert.deepEqual(list.ids, ids);
});
