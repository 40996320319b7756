/**
 * A text file that somebody chose → its text, whatever its encoding: UTF-8, UTF-16 with its mark, or Windows' own.
 */

/** @param {Blob} file @returns {Promise<string>} */
export async function readText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return new TextDecoder(encodingOf(bytes)).decode(bytes);
}

/**
 * Windows-1252 is what is left: every byte stands for a sign there, so it cannot be recognised by itself.
 *
 * @param {Uint8Array} bytes @returns {string}
 */
export function encodingOf(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return "utf-8";
  } catch {
    // A picture or a spreadsheet has bytes that no text has: the server refuses it as it is.
    return bytes.subarray(0, 4096).includes(0) ? "utf-8" : "windows-1252";
  }
}
