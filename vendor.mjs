// Copies the browser libraries out of node_modules to static/vendor, from where the server serves them.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";

const FOLDER = "static/vendor";

/** Where each file comes from, and its name here where that is another. */
const FILES = [
  ["node_modules/socket.io-client/dist/socket.io.esm.min.js"],
  ["node_modules/uplot/dist/uPlot.esm.js"],
  ["node_modules/uplot/dist/uPlot.min.css"],
  // ONNX Runtime for the CPU alone: its script, and its program. Not every server knows what .mjs is.
  ["node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs", "ort.wasm.min.js"],
  ["node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"],
];

/** Large enough that the browser gets it compressed; compressing 14 MB takes seconds, so it is done here. */
const COMPRESSED = "ort-wasm-simd-threaded.wasm";
const BROTLI_QUALITY = 9;

/** For `tsc`: the copies have the types of the packages that they come from. */
const TYPES = {
  "socket.io.esm.min.d.ts": 'export * from "socket.io-client";\n',
  "uPlot.esm.d.ts": 'import uPlot from "uplot";\nexport default uPlot;\n',
  "ort.wasm.min.d.ts": 'export * from "onnxruntime-web";\n',
};

await rm(FOLDER, { recursive: true, force: true });
await mkdir(FOLDER, { recursive: true });
for (const [file, name = basename(file)] of FILES) {
  await copyFile(file, `${FOLDER}/${name}`);
}
for (const [name, text] of Object.entries(TYPES)) {
  await writeFile(`${FOLDER}/${name}`, text);
}
const program = await readFile(`${FOLDER}/${COMPRESSED}`);
const quality = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } };
await writeFile(`${FOLDER}/${COMPRESSED}.br`, await promisify(zlib.brotliCompress)(program, quality));
await writeFile(`${FOLDER}/${COMPRESSED}.gz`, await promisify(zlib.gzip)(program, { level: 9 }));
