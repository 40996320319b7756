/**
 * A frame's pixels: crop, resize and warp on plain arrays, as OpenCV does in Python, to within one or two of 255 levels
 * (tests/vectors/pictures.json holds them together). Pure.
 */

/** @typedef {import("../types.js").Picture} Picture */

/** OpenCV's whole-number weights of blue, green and red in grey, of 2^15 (ITU-R BT.601). */
const GREY_BITS = 15;
const GREY = [3735, 19235, 9798];

/** OpenCV 4 adds up coordinates in steps of 1/1024 of a pixel before it rounds them to its sampling steps. */
const FINE_STEPS = 1024;

/**
 * @param {Uint8ClampedArray|Uint8Array} rgba as a canvas gives it
 * @param {number} width
 * @param {number} height
 * @returns {Picture} BGR
 */
export function fromRgba(rgba, width, height) {
  const data = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from + 2];
    data[to + 1] = rgba[from + 1];
    data[to + 2] = rgba[from];
  }
  return { data, width, height, channels: 3 };
}

/** A black picture. @param {number} width @param {number} height @param {number} channels @returns {Picture} */
export function black(width, height, channels) {
  return { data: new Uint8Array(width * height * channels), width, height, channels };
}

/**
 * The part from (left, top) up to, but not including, (right, bottom); whole pixels inside the picture.
 * @param {Picture} picture
 * @param {number} left
 * @param {number} top
 * @param {number} right
 * @param {number} bottom
 * @returns {Picture}
 */
export function part(picture, left, top, right, bottom) {
  const cut = black(right - left, bottom - top, picture.channels);
  const row = cut.width * cut.channels;
  for (let y = 0; y < cut.height; y += 1) {
    const from = ((top + y) * picture.width + left) * picture.channels;
    cut.data.set(picture.data.subarray(from, from + row), y * row);
  }
  return cut;
}

/**
 * Copies `small` into `large`, its top left corner at (left, top).
 * @param {Picture} large
 * @param {Picture} small
 * @param {number} left
 * @param {number} top
 */
export function put(large, small, left, top) {
  const row = small.width * small.channels;
  for (let y = 0; y < small.height; y += 1) {
    large.data.set(small.data.subarray(y * row, (y + 1) * row), ((top + y) * large.width + left) * large.channels);
  }
}

/** @param {Picture} picture BGR @returns {Picture} one channel */
export function grey({ data, width, height }) {
  const result = black(width, height, 1);
  for (let from = 0, to = 0; to < result.data.length; from += 3, to += 1) {
    const sum = data[from] * GREY[0] + data[from + 1] * GREY[1] + data[from + 2] * GREY[2];
    result.data[to] = (sum + (1 << (GREY_BITS - 1))) >> GREY_BITS;
  }
  return result;
}

/**
 * Smaller: each pixel is the mean of the area it covers (cv2.INTER_AREA).
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @param {number} [cell_x] width of that area in pixels, by default the picture's share
 * @param {number} [cell_y] likewise
 * @returns {Picture}
 */
export function shrunk(picture, width, height, cell_x = picture.width / width, cell_y = picture.height / height) {
  const { data, channels } = picture;
  const across = cells(picture.width, width, cell_x);
  const down = cells(picture.height, height, cell_y);
  const row = width * channels;
  // First along the rows, then down the columns.
  const narrow = new Float32Array(picture.height * row);
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const { first, weights } = across[x];
      for (let c = 0; c < channels; c += 1) {
        let sum = 0;
        for (let i = 0; i < weights.length; i += 1) {
          sum += weights[i] * data[(y * picture.width + first + i) * channels + c];
        }
        narrow[y * row + x * channels + c] = sum;
      }
    }
  }
  const result = black(width, height, channels);
  for (let y = 0; y < height; y += 1) {
    const { first, weights } = down[y];
    for (let x = 0; x < row; x += 1) {
      let sum = 0;
      for (let i = 0; i < weights.length; i += 1) {
        sum += weights[i] * narrow[(first + i) * row + x];
      }
      result.data[y * row + x] = level(sum);
    }
  }
  return result;
}

/**
 * Which source pixels each of `count` cells covers, and their weights.
 * @param {number} length
 * @param {number} count
 * @param {number} cell
 */
function cells(length, count, cell) {
  return Array.from({ length: count }, (_, i) => {
    const from = i * cell;
    const to = Math.min(from + cell, length);
    const first = Math.min(Math.floor(from), length - 1);
    const last = Math.max(first, Math.min(Math.ceil(to), length) - 1);
    const weights = [];
    let sum = 0;
    for (let at = first; at <= last; at += 1) {
      const covered = Math.max(Math.min(at + 1, to) - Math.max(at, from), 0);
      weights.push(covered);
      sum += covered;
    }
    return { first, weights: weights.map((covered) => covered / sum) };
  });
}

/**
 * Larger, or as large: bilinear, the corners' middles aligned as in cv2.INTER_LINEAR.
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {Picture}
 */
export function enlarged(picture, width, height) {
  const x = width / picture.width;
  const y = height / picture.height;
  return warped(picture, [x, 0, x / 2 - 0.5, 0, y, y / 2 - 0.5], width, height, "edge", null);
}

/**
 * Affine transform, bilinear (cv2.warpAffine). No averaging: shrink a picture first if the scale is below a half.
 * @param {Picture} picture
 * @param {number[]} move six numbers a, b, c, d, e, f: x → ax + by + c, y → dx + ey + f
 * @param {number} width of the result
 * @param {number} height of the result
 * @param {"edge"|"black"} beyond what lies outside: the edge's pixels again, or black
 * @param {number|null} steps sampling positions per pixel (OpenCV 4); null samples at the exact place (OpenCV 5)
 * @returns {Picture}
 */
export function warped(picture, move, width, height, beyond, steps) {
  const { data, channels } = picture;
  const [a, b, c, d, e, f] = inverse(move);
  const result = black(width, height, channels);
  const right = picture.width - 1;
  const bottom = picture.height - 1;
  const repeats = beyond === "edge";
  const levels = new Uint8ClampedArray(result.data.buffer);
  const point = steps === null ? exact : stepped(steps);
  for (let y = 0, to = 0; y < height; y += 1) {
    const [down_x, down_y] = [b * y + c, e * y + f];
    for (let x = 0; x < width; x += 1, to += channels) {
      const from_x = point(a * x, down_x);
      const from_y = point(d * x, down_y);
      const left = Math.floor(from_x);
      const top = Math.floor(from_y);
      const share_x = from_x - left;
      const share_y = from_y - top;
      for (let corner = 0; corner < 4; corner += 1) {
        corner_x[corner] = left + (corner & 1);
        corner_y[corner] = top + (corner >> 1);
        weight[corner] = (corner & 1 ? share_x : 1 - share_x) * (corner >> 1 ? share_y : 1 - share_y);
        const inside = corner_x[corner] >= 0 && corner_x[corner] <= right && corner_y[corner] >= 0 && corner_y[corner] <= bottom;
        if (!inside) {
          corner_x[corner] = Math.min(Math.max(corner_x[corner], 0), right);
          corner_y[corner] = Math.min(Math.max(corner_y[corner], 0), bottom);
          weight[corner] *= repeats ? 1 : 0;
        }
      }
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        for (let corner = 0; corner < 4; corner += 1) {
          sum += weight[corner] * data[(corner_y[corner] * picture.width + corner_x[corner]) * channels + channel];
        }
        // As the point is taken, so it is rounded: OpenCV 4 rounds halves up; OpenCV 5, and a clamped array, to even.
        levels[to + channel] = steps === null ? sum : Math.floor(sum + 0.5);
      }
    }
  }
  return result;
}

/** @param {number} along @param {number} down */
function exact(along, down) {
  return along + down;
}

/** @param {number} steps @returns {typeof exact} */
function stepped(steps) {
  const fine = (/** @type {number} */ value) => Math.round(value * FINE_STEPS);
  return (along, down) => Math.floor(((fine(along) + fine(down)) * steps) / FINE_STEPS + 0.5) / steps;
}

// The four pixels around a point; allocated once, because a frame has tens of thousands of points.
const corner_x = new Int32Array(4);
const corner_y = new Int32Array(4);
const weight = new Float64Array(4);

/** The inverse transform. @param {number[]} move as `warped` takes it @returns {number[]} */
export function inverse([a, b, c, d, e, f]) {
  const scale = a * e - b * d;
  const over = scale === 0 ? 0 : 1 / scale;
  const [back_a, back_b, back_d, back_e] = [e * over, -b * over, -d * over, a * over];
  return [back_a, back_b, -back_a * c - back_b * f, back_d, back_e, -back_d * c - back_e * f];
}

/** @param {number} value @returns {number} the nearest of 0..255 */
function level(value) {
  return Math.min(Math.max(Math.round(value), 0), 255);
}

/** The nearest whole number; halves go to the even one, as in Python. @param {number} value */
export function roundHalfEven(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down % 2) : Math.round(value);
}
