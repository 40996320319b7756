// Copies the browser libraries out of node_modules to static/vendor, from where the server serves them.
import { copyFile, mkdir } from "node:fs/promises";
import { basename } from "node:path";

const FILES = ["node_modules/socket.io-client/dist/socket.io.esm.min.js"];
const FOLDER = "static/vendor";

await mkdir(FOLDER, { recursive: true });
for (const file of FILES) {
  await copyFile(file, `${FOLDER}/${basename(file)}`);
}
