// Rasterises outlines: computes exactly how much of each pixel a closed outline covers, by adding up signed areas. The
// method of font-rs (Levien 2016, "Inside the fastest font renderer in the world") and of stb_truetype 2.

/** Coverage of pixels in [0, 1], row-major. The first value belongs to the pixel whose corner is (left, top). */
export interface Coverage {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** Points of a polygon, alternating x and y, in pixels with y downwards. The last point is joined to the first. */
export type Polygon = readonly number[];

/** The coverage of all polygons together; a hole is a polygon in the opposite direction. */
export function coverageOf(polygons: readonly Polygon[]): Coverage {
  const bounds = boundsOf(polygons);
  if (!bounds) return { left: 0, top: 0, width: 0, height: 0, values: new Float32Array(0) };
  const left = Math.floor(bounds.left);
  const top = Math.floor(bounds.top);
  const width = Math.ceil(bounds.right) - left;
  const height = Math.ceil(bounds.bottom) - top;
  // An edge at the right border still affects the two places beyond it.
  const stride = width + 2;
  const areas = new Float32Array(stride * height);
  for (const polygon of polygons) {
    let x = polygon[polygon.length - 2] - left;
    let y = polygon[polygon.length - 1] - top;
    for (let i = 0; i < polygon.length; i += 2) {
      const nextX = polygon[i] - left;
      const nextY = polygon[i + 1] - top;
      addEdge(areas, stride, x, y, nextX, nextY);
      x = nextX;
      y = nextY;
    }
  }
  const values = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    let sum = 0;
    for (let column = 0; column < width; column++) {
      sum += areas[row * stride + column];
      values[row * width + column] = Math.min(1, Math.abs(sum));
    }
  }
  return { left, top, width, height, values };
}

function boundsOf(polygons: readonly Polygon[]) {
  let left = Number.POSITIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const polygon of polygons) {
    for (let i = 0; i < polygon.length; i += 2) {
      left = Math.min(left, polygon[i]);
      right = Math.max(right, polygon[i]);
      top = Math.min(top, polygon[i + 1]);
      bottom = Math.max(bottom, polygon[i + 1]);
    }
  }
  return left <= right ? { left, top, right, bottom } : undefined;
}

/** Adds the change in coverage that an edge causes from each pixel to the next. Coordinates are never negative. */
function addEdge(areas: Float32Array, stride: number, x0: number, y0: number, x1: number, y1: number): void {
  if (y0 === y1) return;
  const direction = y0 < y1 ? 1 : -1;
  const slope = (x1 - x0) / (y1 - y0);
  const upper = Math.min(y0, y1);
  const lower = Math.max(y0, y1);
  let x = y0 < y1 ? x0 : x1;
  for (let row = Math.floor(upper); row < lower; row++) {
    const share = Math.min(row + 1, lower) - Math.max(row, upper);
    const nextX = x + slope * share;
    addRowEdge(areas, row * stride, direction * share, Math.min(x, nextX), Math.max(x, nextX));
    x = nextX;
  }
}

/** The part of an edge within one row, from `from` to `to`; `area` is its signed height. */
function addRowEdge(areas: Float32Array, row: number, area: number, from: number, to: number): void {
  const first = Math.floor(from);
  const last = Math.ceil(to);
  if (last <= first + 1) {
    const right = (from + to) / 2 - first;
    areas[row + first] += area * (1 - right);
    areas[row + first + 1] += area * right;
    return;
  }
  // The covered area grows quadratically in the first pixel, then linearly, and quadratically again in the last one.
  const perPixel = area / (to - from);
  let covered = 0;
  let previous = 0;
  for (let column = first; column < last; column++) {
    const start = Math.max(from, column);
    const end = Math.min(to, column + 1);
    const own = perPixel * (end - start) * (column + 1 - (start + end) / 2);
    areas[row + column] += covered + own - previous;
    previous = covered + own;
    covered += perPixel * (end - start);
  }
  areas[row + last] += covered - previous;
}
