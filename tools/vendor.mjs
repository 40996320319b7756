// Copies the browser libraries out of node_modules to static/vendor, from where the server serves them.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename } from "node:path";

const FOLDER = "static/vendor";

const FILES = [
  "node_modules/socket.io-client/dist/socket.io.esm.min.js",
  "node_modules/uplot/dist/uPlot.esm.js",
  "node_modules/uplot/dist/uPlot.min.css",
];

/** For `tsc`: the copies have the types of the packages that they come from. */
const TYPES = {
  "socket.io.esm.min.d.ts": 'export * from "socket.io-client";\n',
  "uPlot.esm.d.ts": 'import uPlot from "uplot";\nexport default uPlot;\n',
};

await mkdir(FOLDER, { recursive: true });
for (const file of FILES) {
  await copyFile(file, `${FOLDER}/${basename(file)}`);
}
for (const [name, text] of Object.entries(TYPES)) {
  await writeFile(`${FOLDER}/${name}`, text);
}
