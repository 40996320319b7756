/**
 * Where a map has room for names: beside which points a name is shown.
 */

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box in px */
/** @typedef {{x: number, y: number, width: number, height: number}} NamedPoint its middle, and the size of its name */

/** Between a point's middle and its name, and between names. */
const DISTANCE_PX = 10;
const POINT_RADIUS_PX = 7;

/**
 * The names that have room, by index: right of the point, else left of it. A name lies inside the map, over no point
 * and over no other name; earlier points come first.
 * @param {NamedPoint[]} points @param {Box} map @param {Box[]} [taken] what must stay free beside the points
 * @returns {Map<number, {left: number, top: number}>}
 */
export function labelPlaces(points, map, taken = []) {
  const occupied = [...taken, ...points.map(around)];
  const places = new Map();
  points.forEach((point, i) => {
    const own = taken.length + i;
    const free = beside(point).find((box) => isInside(box, map) && !occupied.some((other, k) => k !== own && overlap(box, other)));
    if (free) {
      places.set(i, { left: free.left, top: free.top });
      occupied.push(free);
    }
  });
  return places;
}

/** @param {NamedPoint} point @returns {Box} */
function around({ x, y }) {
  return { left: x - POINT_RADIUS_PX, top: y - POINT_RADIUS_PX, right: x + POINT_RADIUS_PX, bottom: y + POINT_RADIUS_PX };
}

/** @param {NamedPoint} point @returns {Box[]} */
function beside({ x, y, width, height }) {
  const top = y - height / 2;
  return [x + DISTANCE_PX, x - DISTANCE_PX - width].map((left) => ({ left, top, right: left + width, bottom: top + height }));
}

/** @param {Box} box @param {Box} outer */
function isInside(box, outer) {
  return box.left >= outer.left && box.top >= outer.top && box.right <= outer.right && box.bottom <= outer.bottom;
}

/** @param {Box} a @param {Box} b */
function overlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
