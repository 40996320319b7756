/**
 * A picture's file → the parts that make pixels, and the orientation that it notes, as the server and the command line
 * read it (feelharmonic/reading/pictures/picture_file.py; tests/vectors/files.json holds the two together). Browsers
 * differ in which formats' orientation they apply, and refuse what follows other bytes or lacks its end. Pure.
 */

/** What may stand before the picture. */
const MAX_LEADING_BYTES = 1024;

/** A photograph's longer side is reduced to this, a long one's shorter side to half of it. */
const PHOTOGRAPH_SIDE_PX = 1600;
const LONG_SIDE_PX = 8000;

/** Where a JPEG's end is missing, at most this share of its rows may be missing with it. */
const MAX_MISSING_SHARE = 0.25;

const PNG_SIGNATURE = "\x89PNG\r\n\x1a\n";
const PNG_END = Uint8Array.from([0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]);
const PNG_PARTS = ["IHDR", "PLTE", "tRNS", "IDAT"];
const WEBP_PARTS = ["VP8X", "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF"];
const AVIF_BRANDS = ["avif", "avis"];
const HEIC_BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"];
/** Files that may hold a JPEG as their preview, which is not what they show. */
const OTHER_STARTS = ["II*\0", "MM\0*", "%PDF", "PK\x03\x04", "GIF8", "BM", "8BPS"];

const [END, START_OF_SCAN, EXIF] = [0xd9, 0xda, 0xe1];
const FRAMES = [0xc0, 0xc1, 0xc2];
/** Tables, restart interval, number of lines; JFIF and Adobe say what the colours are. */
const JPEG_TABLES = [0xc4, 0xdb, 0xdc, 0xdd];
/** @type {Record<number, string>} */
const COLOURS = { 0xe0: "JFIF", 0xee: "Adobe" };
const EXIF_HEADER = "Exif\0\0";
const [ORIENTATION, SHORT, MAX_EXIF_ENTRIES] = [0x0112, 3, 200];

/**
 * @typedef {Object} PictureFile
 * @property {"JPEG"|"PNG"|"WEBP"|"AVIF"|"HEIC"} kind
 * @property {Uint8Array[]} parts of a file with nothing but its pixels; of AVIF and HEIC the file as it came
 * @property {number} orientation Exif's number, 1..8; AVIF's and HEIC's is applied by the browser's decoder
 * @property {boolean} is_whole false where a JPEG's end is missing: then rows may be missing as well
 */

/** @typedef {"no_picture"|"damaged"} Refusal the file is no picture, or lacks some of its pixels */

/** @param {Uint8Array} data @returns {PictureFile|Refusal} */
export function pixelsOnly(data) {
  if (text(data, 4, 4) === "ftyp") {
    return isoMedia(data);
  }
  const picture = withoutLeading(data);
  return picture ? READERS[picture[0]](picture) : "no_picture";
}

/**
 * The size at which a photograph is read: its longer side at most 1,600 pixels, the shorter side of a long one at most
 * 800 and the longer one at most 8,000. Never larger than it is.
 * @param {number} width @param {number} height @returns {[number, number]}
 */
export function reducedSize(width, height) {
  const [longer, shorter] = [Math.max(width, height), Math.min(width, height)];
  const long = longer > 2 * shorter;
  const scale = Math.min(1, long ? Math.min(PHOTOGRAPH_SIDE_PX / 2 / shorter, LONG_SIDE_PX / longer) : PHOTOGRAPH_SIDE_PX / longer);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

/**
 * Whether most of a JPEG's rows came: decoders fill what is missing at its end with one colour.
 * @param {Uint8ClampedArray} rgba @param {number} width @param {number} height
 */
export function hasMostRows(rgba, width, height) {
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, width * height);
  let last = pixels.length - 1;
  while (last >= 0 && pixels[last] === pixels[pixels.length - 1]) {
    last -= 1;
  }
  return height - 1 - Math.floor(last / width) <= MAX_MISSING_SHARE * height;
}

/** @param {Uint8Array} data from where its picture begins @returns {Uint8Array|null} null where it holds none */
function withoutLeading(data) {
  if (data[0] === 0xff && data[1] === 0xd8) {
    return data;
  }
  if (OTHER_STARTS.some((start) => text(data, 0, start.length) === start)) {
    return null;
  }
  for (let start = 0; start <= MAX_LEADING_BYTES; start += 1) {
    const begins = text(data, start, 12);
    if (begins.startsWith("\xff\xd8\xff") || begins.startsWith(PNG_SIGNATURE) || (begins.startsWith("RIFF") && begins.endsWith("WEBP"))) {
      return data.subarray(start);
    }
  }
  return null;
}

/** @param {Uint8Array} data @returns {PictureFile|Refusal} */
function isoMedia(data) {
  const brands = [text(data, 8, 4)];
  for (let place = 16; place < Math.min(number(data, 0, 4), 256); place += 4) {
    brands.push(text(data, place, 4));
  }
  const is = (/** @type {string[]} */ known) => brands.some((brand) => known.includes(brand));
  const kind = is(AVIF_BRANDS) ? "AVIF" : is(HEIC_BRANDS) ? "HEIC" : null;
  return kind ? { kind, parts: [data], orientation: 1, is_whole: true } : "no_picture";
}

/** @param {Uint8Array} data @returns {PictureFile|Refusal} */
function jpeg(data) {
  const parts = [data.subarray(0, 2)];
  let [place, orientation, is_whole, frames, scans] = [2, 0, false, 0, 0];
  for (;;) {
    const start = marker(data, place, (byte) => byte !== 0 && byte !== 0xff);
    if (start < 0) {
      break;
    }
    const code = data[start + 1];
    place = start + 2;
    if (code === END) {
      is_whole = true;
      break;
    }
    if (code === 0x01 || code === 0xd8 || (code >= 0xd0 && code < 0xd8)) {
      continue; // these have no length
    }
    const length = number(data, place, 2);
    if (place + 2 > data.length || place + length > data.length) {
      break;
    }
    if (length < 2) {
      return "damaged";
    }
    let end = place + length;
    const body = data.subarray(place + 2, end);
    if (code === START_OF_SCAN) {
      if (!frames) {
        return "damaged";
      }
      scans += 1;
      const next = marker(data, end, (byte) => byte !== 0 && byte !== 0xff && (byte < 0xd0 || byte > 0xd7));
      end = next < 0 ? data.length : next;
      parts.push(data.subarray(start, end));
    } else if (FRAMES.includes(code) || JPEG_TABLES.includes(code) || (COLOURS[code] && text(body, 0, COLOURS[code].length) === COLOURS[code])) {
      frames += Number(FRAMES.includes(code));
      parts.push(data.subarray(start, end));
    } else if (code === EXIF && text(body, 0, 6) === EXIF_HEADER) {
      orientation ||= orientationIn(body.subarray(6));
    }
    place = end;
  }
  parts.push(Uint8Array.of(0xff, END));
  if (!frames || !scans) {
    return "no_picture";
  }
  return frames === 1 ? { kind: "JPEG", parts, orientation: orientation || 1, is_whole } : "damaged";
}

/** By a picture's first byte. @type {Record<number, (data: Uint8Array) => PictureFile|Refusal>} */
const READERS = { 0xff: jpeg, 0x89: png, 0x52: webp };

/** Where the next marker of a JPEG is, from `place` on; -1 without one. @param {Uint8Array} data @param {number} place @param {(byte: number) => boolean} is */
function marker(data, place, is) {
  for (let at = data.indexOf(0xff, place); at >= 0 && at + 1 < data.length; at = data.indexOf(0xff, at + 1)) {
    if (is(data[at + 1])) {
      return at;
    }
  }
  return -1;
}

/** @param {Uint8Array} data @returns {PictureFile|Refusal} */
function png(data) {
  const parts = [data.subarray(0, 8)];
  let orientation = 0;
  for (let place = 8; place + 8 <= data.length; ) {
    const length = number(data, place, 4);
    const kind = text(data, place + 4, 4);
    const body = data.subarray(place + 8, place + 8 + length);
    if (kind === "IEND") {
      break;
    }
    if (PNG_PARTS.includes(kind)) {
      if (body.length < length) {
        return "damaged";
      }
      parts.push(data.subarray(place, place + 12 + length));
      if (place + 12 + length > data.length) {
        parts[parts.length - 1] = data.subarray(place, place + 8 + length);
        parts.push(checksum(data.subarray(place + 4, place + 8 + length))); // it lacks some of its own
      }
    } else if (kind === "eXIf") {
      orientation ||= orientationIn(body);
    }
    place += 12 + length;
  }
  parts.push(PNG_END);
  return { kind: "PNG", parts, orientation: orientation || 1, is_whole: true };
}

/** @param {Uint8Array} data @returns {PictureFile|Refusal} */
function webp(data) {
  const parts = [];
  let [orientation, frames, size] = [0, 0, 4];
  const whole = Math.min(number(data, 4, 4, true) + 8, data.length);
  for (let place = 12; place + 8 <= whole; ) {
    const kind = text(data, place, 4);
    const length = number(data, place + 4, 4, true);
    const end = place + 8 + length + (length % 2);
    if (place + 8 + length > data.length) {
      if (WEBP_PARTS.includes(kind)) {
        return "damaged";
      }
      break;
    }
    frames += Number(kind === "ANMF");
    if (WEBP_PARTS.includes(kind) && (kind !== "ANMF" || frames === 1)) {
      const part = data.subarray(place, end);
      parts.push(part);
      size += part.length;
    } else if (kind === "EXIF") {
      const body = data.subarray(place + 8, place + 8 + length);
      orientation ||= orientationIn(text(body, 0, 6) === EXIF_HEADER ? body.subarray(6) : body);
    }
    place = end;
  }
  const head = new Uint8Array(12);
  head.set([0x52, 0x49, 0x46, 0x46], 0);
  new DataView(head.buffer).setUint32(4, size, true);
  head.set([0x57, 0x45, 0x42, 0x50], 8);
  return { kind: "WEBP", parts: [head, ...parts], orientation: orientation || 1, is_whole: true };
}

/** What `exif` (a TIFF's header and what follows) notes, 1..8; 0 where it notes none. @param {Uint8Array} exif */
function orientationIn(exif) {
  const order = text(exif, 0, 4);
  const little = order === "II*\0";
  if ((!little && order !== "MM\0*") || exif.length < 10) {
    return 0;
  }
  const start = number(exif, 4, 4, little);
  const count = Math.min(number(exif, start, 2, little), MAX_EXIF_ENTRIES);
  for (let place = start + 2; place < Math.min(start + 2 + 12 * count, exif.length - 11); place += 12) {
    if (number(exif, place, 2, little) === ORIENTATION) {
      const value = number(exif, place + 8, 2, little);
      return number(exif, place + 2, 2, little) === SHORT && value >= 1 && value <= 8 ? value : 0;
    }
  }
  return 0;
}

/** @param {Uint8Array} data @param {number} place @param {number} length @returns {string} a letter a byte */
function text(data, place, length) {
  return String.fromCharCode(...data.subarray(place, place + length));
}

/** A whole number, 0 beyond the data. @param {Uint8Array} data @param {number} place @param {number} length bytes @param {boolean} [little] */
function number(data, place, length, little = false) {
  let value = 0;
  for (let i = 0; i < length; i += 1) {
    value = value * 256 + (data[place + (little ? length - 1 - i : i)] ?? 0);
  }
  return value;
}

/** CRC-32 as PNG has it, in four bytes. @param {Uint8Array} data */
function checksum(data) {
  let rest = 0xffffffff;
  for (const byte of data) {
    rest = CRC_TABLE[(rest ^ byte) & 255] ^ (rest >>> 8);
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, ~rest >>> 0);
  return bytes;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  }
  return value >>> 0;
});
