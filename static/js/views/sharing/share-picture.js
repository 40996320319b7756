/**
 * A list as a square picture: the mood's colour and word, the name of the hour, the first tracks. No face, no camera picture.
 */

const SIDE_PX = 1080;
const MARGIN_PX = 90;
const MAX_TRACKS = 8;
const INK = "#15181c";

/**
 * @param {{mood: string, title: string, name: string, colour: string, tracks: import("../../types.js").Track[]}} list
 * @returns {Promise<Blob|null>} PNG
 */
export function sharePicture({ mood, title, name, colour, tracks }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE_PX, height: SIDE_PX });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  paint(context, colour);
  const family = getComputedStyle(document.body).fontFamily;
  /** @param {string} text @param {number} size_px @param {number} y_px @param {string} [weight] */
  const write = (text, size_px, y_px, weight = "400") => {
    context.font = `${weight} ${size_px}px ${family}`;
    context.fillText(fitted(context, text), MARGIN_PX, y_px);
  };
  context.fillStyle = INK;
  write(mood, 132, 210, "750");
  write(name || title, 42, 286, "400");
  tracks.slice(0, MAX_TRACKS).forEach((track, i) => {
    write(track.title, 38, 400 + i * 74, "650");
    const x_px = MARGIN_PX + context.measureText(fitted(context, track.title)).width + 18;
    context.font = `400 32px ${family}`;
    if (x_px < SIDE_PX - MARGIN_PX - 120) {
      context.fillText(fitted(context, track.artist, x_px), x_px, 400 + i * 74);
    }
  });
  write("Feelharmonic", 34, SIDE_PX - 56, "650");
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** @param {CanvasRenderingContext2D} context @param {string} colour #rrggbb */
function paint(context, colour) {
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, SIDE_PX, SIDE_PX);
  const glow = context.createLinearGradient(0, 0, SIDE_PX, SIDE_PX);
  glow.addColorStop(0, colour);
  glow.addColorStop(1, `${colour}73`);
  context.fillStyle = glow;
  context.fillRect(0, 0, SIDE_PX, SIDE_PX);
}

/** Cut with an ellipsis where the picture ends. @param {CanvasRenderingContext2D} context @param {string} text @param {number} [x_px] */
function fitted(context, text, x_px = MARGIN_PX) {
  const room_px = SIDE_PX - MARGIN_PX - x_px;
  if (context.measureText(text).width <= room_px) {
    return text;
  }
  let short = text;
  while (short && context.measureText(`${short}…`).width > room_px) {
    short = short.slice(0, -1);
  }
  return `${short}…`;
}
