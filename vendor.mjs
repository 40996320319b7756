// `npm run vendor`: downloads the browser libraries that package-lock.json names, checks their SHA-512, and puts the few
// files that the page needs into static/vendor, from where the server serves them. Needs no node_modules.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";

const FOLDER = "static/vendor";

/** Packages, the files that the page needs of each, and their names here if those differ. */
const PACKAGES = {
  "socket.io-client": { "dist/socket.io.esm.min.js": "socket.io.esm.min.js" },
  uplot: { "dist/uPlot.esm.js": "uPlot.esm.js", "dist/uPlot.min.css": "uPlot.min.css" },
  // ONNX Runtime for the CPU alone: its script and its program. Not every server knows the media type of .mjs.
  "onnxruntime-web": {
    "dist/ort.wasm.bundle.min.mjs": "ort.wasm.min.js",
    "dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
  },
};

/** For `tsc`: the types of the packages that the files come from. */
const TYPES = {
  "socket.io.esm.min.d.ts": 'export * from "socket.io-client";\n',
  "uPlot.esm.d.ts": 'import uPlot from "uplot";\nexport default uPlot;\n',
  "ort.wasm.min.d.ts": 'export * from "onnxruntime-common";\n',
};

/** Served compressed. Compressing 14 MB takes seconds, so it is done here. */
const COMPRESSED = "ort-wasm-simd-threaded.wasm";
const BROTLI_QUALITY = 9;

const TAR_BLOCK = 512;

const { packages: locked } = JSON.parse(await readFile("package-lock.json", "utf8"));

/** The package's archive as package-lock.json describes it. @param {string} name @returns {Promise<Buffer>} */
async function download(name) {
  const { version, integrity } = locked[`node_modules/${name}`];
  const folder = await mkdtemp(join(tmpdir(), "feelharmonic-"));
  try {
    // npm knows the registry, the proxy and the credentials of this machine. On Windows it is a script, which needs a shell.
    const options = { shell: process.platform === "win32" };
    await promisify(execFile)("npm", ["pack", `${name}@${version}`, "--silent", "--pack-destination", folder], options);
    const archive = await readFile(join(folder, (await readdir(folder))[0]));
    const got = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
    if (got !== integrity) {
      throw new Error(`Expected ${name}@${version} with ${integrity}, got ${got}. Check the registry, then try again.`);
    }
    return archive;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {Buffer} archive a gzipped tar @returns {Map<string, Buffer>} its files by path, without the leading package/ */
function filesOf(archive) {
  const tar = zlib.gunzipSync(archive);
  const text = (from, length) => tar.toString("utf8", from, from + length).replace(/\0.*$/s, "");
  const files = new Map();
  for (let at = 0; at + TAR_BLOCK <= tar.length && tar[at] !== 0; ) {
    const size = parseInt(text(at + 124, 12), 8) || 0;
    const prefix = text(at + 345, 155);
    const path = `${prefix && `${prefix}/`}${text(at, 100)}`.replace(/^[^/]+\//, "");
    files.set(path, tar.subarray(at + TAR_BLOCK, at + TAR_BLOCK + size));
    at += TAR_BLOCK * (1 + Math.ceil(size / TAR_BLOCK));
  }
  return files;
}

/** @type {Map<string, Buffer|string>} */
const vendored = new Map(Object.entries(TYPES));
for (const [name, wanted] of Object.entries(PACKAGES)) {
  const files = filesOf(await download(name));
  for (const [path, renamed] of Object.entries(wanted)) {
    if (!files.has(path)) {
      throw new Error(`Expected ${path} in ${name}, found ${files.size} other files. Correct PACKAGES in ${basename(import.meta.url)}.`);
    }
    vendored.set(renamed, files.get(path));
  }
}
const program = vendored.get(COMPRESSED);
const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
vendored.set(`${COMPRESSED}.br`, await promisify(zlib.brotliCompress)(program, quality));
vendored.set(`${COMPRESSED}.gz`, await promisify(zlib.gzip)(program, { level: 9 }));

// Everything is here: only now the files of before go.
await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
for (const [name, content] of vendored) {
  await writeFile(join(FOLDER, name), content);
}
