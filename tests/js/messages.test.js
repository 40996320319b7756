// The two languages say the same things, and every text that the page asks for is there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

import { translator } from "../../static/js/lib/i18n.js";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const english = JSON.parse(read("static/messages/en.json"));
const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

/** @returns {string[]} every script under `path`, which ends with a slash */
function scriptsIn(path) {
  return readdirSync(new URL(`../../${path}`, import.meta.url), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? scriptsIn(`${path}${entry.name}/`) : entry.name.endsWith(".js") ? [`${path}${entry.name}`] : [],
  );
}

for (const file of readdirSync(new URL("../../static/messages/", import.meta.url))) {
  const words = JSON.parse(read(`static/messages/${file}`));
  test(`${file} has the keys of en.json, in its order`, () => {
    assert.deepEqual(Object.keys(words), Object.keys(english));
  });
  test(`${file} fills in what en.json fills in`, () => {
    for (const [key, text] of Object.entries(words)) {
      assert.ok(text.trim(), key);
      assert.deepEqual(holes(text), holes(english[key]), key);
    }
  });
}

test("every text that a script or a template names is there, and none is left over", () => {
  const scripts = scriptsIn("static/js/").map(read);
  const templates = readdirSync(new URL("../../templates/", import.meta.url)).map((file) => read(`templates/${file}`));
  const named = new Set();
  for (const text of [...scripts, ...templates]) {
    for (const [, key] of text.matchAll(/["']([a-z]+\.[A-Za-z]+(?:[.-][A-Za-z]+)*)["']/g)) named.add(key);
  }
  const made = /^(missing|crowded|refused|broken|camera|shortcut|connection|problem|goal|emotion|keys|picture|welcome|about|provider|reason|status\.state|track|mood\.little|tracks\.(?:why|songs|journey))\.|^player\.(problem|cause|fill|from)\.|^library\.(how|fault|valence|energy)|^account\.fault\.|^(?:name\.(?:part|mood|valence|energy|goal))\.|^language$/; // put together at run time
  for (const key of [...named].filter((name) => !/\.(css|js)$/.test(name))) {
    if (key.split(".")[0] in Object.fromEntries(Object.keys(english).map((k) => [k.split(".")[0], true]))) {
      assert.ok(key in english, `${key} is not in en.json`);
    }
  }
  assert.deepEqual(Object.keys(english).filter((key) => !named.has(key) && !made.test(key)), []);
});

test("a text that nobody wrote is an error that names it", () => {
  assert.throws(() => translator({})("mood.kicker"), /Expected a text for "mood.kicker" in static\/messages, found none/);
});

test("values are filled in; a value that is missing leaves its name to be seen", () => {
  assert.equal(translator({ a: "{one} and {two}" })("a", { one: 1 }), "1 and {two}");
});
