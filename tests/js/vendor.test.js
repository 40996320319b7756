// vendor.mjs in a folder of its own, with a stand-in for npm that "downloads" archives made here.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";

const PACKAGES = {
  "socket.io-client": ["dist/socket.io.esm.min.js"],
  uplot: ["dist/uPlot.esm.js", "dist/uPlot.min.css"],
  "onnxruntime-web": ["dist/ort.wasm.bundle.min.mjs", "dist/ort-wasm-simd-threaded.wasm", "dist/unwanted.wasm"],
};
/** Writes the archive of the package asked for, `npm pack NAME@VERSION --silent --pack-destination FOLDER`, into FOLDER. */
const NPM = '#!/bin/sh\ncp "archives/${2%@*}.tgz" "$5/package.tgz"\n';

let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vendor-test-"));
  cpSync(new URL("../../vendor.mjs", import.meta.url), join(folder, "vendor.mjs"));
  for (const name of ["archives", "bin", "static/vendor"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "static/vendor/old.js"), "old");
  writeFileSync(join(folder, "bin/npm"), NPM);
  chmodSync(join(folder, "bin/npm"), 0o755);
  const packages = {};
  for (const [name, files] of Object.entries(PACKAGES)) {
    packages[`node_modules/${name}`] = { version: "1.0.0", integrity: archive(name, files) };
  }
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ packages }));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** @returns {string} the archive's integrity as npm writes it */
function archive(name, files) {
  const root = join(folder, "unpacked", name);
  for (const file of files) {
    mkdirSync(join(root, "package/dist"), { recursive: true });
    writeFileSync(join(root, "package", file), `${name}: ${file}`.repeat(100));
  }
  execFileSync("tar", ["-czf", join(folder, `archives/${name}.tgz`), "-C", root, "package"]);
  return `sha512-${createHash("sha512").update(readFileSync(join(folder, `archives/${name}.tgz`))).digest("base64")}`;
}

function vendor() {
  const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` };
  return spawnSync(process.execPath, ["vendor.mjs"], { cwd: folder, env, encoding: "utf8" });
}

test("the files that the page needs come out of the archives, and nothing else", () => {
  const { status, stderr } = vendor();
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(join(folder, "static/vendor")).filter((name) => !name.endsWith(".d.ts")).sort(), [
    "ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.wasm.br", "ort-wasm-simd-threaded.wasm.gz",
    "ort.wasm.min.js", "socket.io.esm.min.js", "uPlot.esm.js", "uPlot.min.css",
  ]);
  const css = readFileSync(join(folder, "static/vendor/uPlot.min.css"), "utf8");
  assert.equal(css, "uplot: dist/uPlot.min.css".repeat(100));
});

test("an archive that is not the locked one is refused, and the files of before stay", () => {
  archive("uplot", [...PACKAGES.uplot, "dist/changed.js"]);
  const { status, stderr } = vendor();
  assert.equal(status, 1);
  assert.match(stderr, /Expected uplot@1\.0\.0 with sha512-.*, got sha512-.*\. Check the registry, then try again\./);
  assert.ok(existsSync(join(folder, "static/vendor/old.js")));
});
