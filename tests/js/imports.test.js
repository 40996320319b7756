// Imports point down: lib ← reading, music, player ← views ← one folder for each page; inside a folder they hold no circle. So a
// module imports what it is built from, and none has to be passed as an argument.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const FOLDER = new URL("../../static/js/", import.meta.url);
const MAX_FILES = 12;

/** What the modules of each folder may import besides those of their own folder; types.js and static/vendor are free to all. */
const MAY_IMPORT = {
  lib: [],
  reading: ["lib"],
  music: ["lib"],
  player: ["lib", "music"],
  "player-frame": ["lib"],
  views: ["lib", "reading", "music"],
  live: ["lib", "reading", "music", "player", "views"],
  photo: ["lib", "reading", "music", "player", "views"],
  playlist: ["lib", "reading", "music", "player", "views"],
  library: ["lib", "player"],
  camera: ["lib", "reading", "music", "player", "views"],
  ".": [],
};

function modulesIn(path = "") {
  return readdirSync(new URL(path, FOLDER), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? modulesIn(`${path}${entry.name}/`) : [`${path}${entry.name}`],
  );
}

const modules = modulesIn();
const textOf = (module) => readFileSync(new URL(module, FOLDER), "utf8");
const folderOf = (module) => (module.includes("/") ? module.split("/")[0] : ".");

/** @returns {string[]} imported modules, relative to static/js; `typed` also those whose types alone are used */
function importsOf(module, { typed = false } = {}) {
  const text = typed ? textOf(module) : textOf(module).replace(/\/\*[^]*?\*\//g, "");
  return [...text.matchAll(/(?:from\s*|import\s*\(\s*|import\s+)"(\.[^"]+)"/g)]
    .map(([, from]) => new URL(from, new URL(module, FOLDER)).href.replace(FOLDER.href, ""))
    .filter((from) => !from.includes("/static/vendor/"));
}

for (const module of modules) {
  test(`${module} imports what lies below it`, () => {
    const allowed = [folderOf(module), ...(MAY_IMPORT[folderOf(module)] ?? [])];
    for (const imported of importsOf(module, { typed: true })) {
      assert.ok(modules.includes(imported), `${imported} is not there`);
      assert.ok(imported === "types.js" || allowed.includes(folderOf(imported)), `${module} must not import ${imported}`);
    }
  });
}

test("no module imports itself by way of others", () => {
  const done = new Set();
  const visit = (module, way) => {
    assert.ok(!way.includes(module), [...way.slice(way.indexOf(module)), module].join(" → "));
    if (!done.has(module)) {
      importsOf(module).forEach((imported) => visit(imported, [...way, module]));
      done.add(module);
    }
  };
  modules.forEach((module) => visit(module, []));
});

test(`no folder holds more than ${MAX_FILES} files`, () => {
  const counts = {};
  for (const module of modules) {
    const folder = module.split("/").slice(0, -1).join("/");
    counts[folder] = (counts[folder] ?? 0) + 1;
  }
  assert.deepEqual(Object.entries(counts).filter(([, count]) => count > MAX_FILES), []);
});
