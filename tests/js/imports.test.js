// design.md, "Imports point down": entry points alone import siblings; all others stand by themselves (and their library).
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const FOLDER = new URL("../../static/js/", import.meta.url);
const ENTRY_POINTS = new Set(["main.js", "photo-main.js", "watch-main.js", "playlist-main.js", "device-worker.js", "service-worker.js"]);
const modules = [...readdirSync(FOLDER), ...readdirSync(new URL("device/", FOLDER)).map((file) => `device/${file}`)];

for (const name of modules.filter((file) => file.endsWith(".js") && !ENTRY_POINTS.has(file))) {
  test(`${name} imports no sibling`, () => {
    const text = readFileSync(new URL(name, FOLDER), "utf8");
    const code = text.replace(/\/\*[^]*?\*\//g, "");
    const imported = [...code.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1]);
    assert.deepEqual(imported.filter((from) => !/^(\.\.\/)+vendor\//.test(from) && !/^\.{1,2}\/types\.js$/.test(from)), []);
  });
}
