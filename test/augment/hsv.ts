// Hue, saturation and value as in OpenCV for uint8, one colour at a time. It is tested against OpenCV's own results,
// and the vector code of kernels/hue.ts is tested against it. Hue in half degrees (0-179), saturation and value 0-255.
// The same integer arithmetic to HSV (12-bit reciprocals) and the same single-precision arithmetic back.

const SHIFT = 12;
const HALF = 1 << (SHIFT - 1);
const SATURATION_RECIPROCALS = reciprocals(255);
const HUE_RECIPROCALS = reciprocals(180 / 6);

/** scale / i in 12-bit fixed point, for i from 0 (with result 0) to 255. */
function reciprocals(scale: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, i) => (i === 0 ? 0 : Math.round((scale * (1 << SHIFT)) / i)));
}

/** Red, green and blue (0-255) as hue << 16 | saturation << 8 | value. */
export function rgbToHsv(red: number, green: number, blue: number): number {
  const value = Math.max(red, green, blue);
  const range = value - Math.min(red, green, blue);
  const saturation = (range * SATURATION_RECIPROCALS[value] + HALF) >> SHIFT;
  const sextant =
    value === red ? green - blue : value === green ? blue - red + 2 * range : red - green + 4 * range;
  const hue = (sextant * HUE_RECIPROCALS[range] + HALF) >> SHIFT;
  return ((hue < 0 ? hue + 180 : hue) << 16) | (saturation << 8) | value;
}

const { fround } = Math;
const UNIT = fround(1 / 255);
const SEXTANT = fround(6 / 180);

/** Hue (0-179), saturation and value (0-255) as red << 16 | green << 8 | blue. */
export function hsvToRgb(hue: number, saturation: number, value: number): number {
  if (saturation === 0) return (value << 16) | (value << 8) | value;
  const s = fround(saturation * UNIT);
  const v = fround(value * UNIT);
  const turned = fround(hue * SEXTANT);
  const sector = Math.floor(turned);
  const f = fround(turned - sector);
  const low = level(fround(v * fround(1 - s)));
  // The third colour rises through the even sectors and falls through the odd ones.
  const third = level(fround(v * fround(1 - fround(s * (sector & 1 ? f : fround(1 - f))))));
  switch (sector) {
    case 0:
      return (value << 16) | (third << 8) | low;
    case 1:
      return (third << 16) | (value << 8) | low;
    case 2:
      return (low << 16) | (value << 8) | third;
    case 3:
      return (low << 16) | (third << 8) | value;
    case 4:
      return (third << 16) | (low << 8) | value;
    default:
      return (value << 16) | (low << 8) | third;
  }
}

/** The level 0-255 of a share in [0, 1], rounded, halves to even. */
function level(share: number): number {
  const exact = fround(share * 255);
  const rounded = (exact + 0.5) | 0;
  return rounded - exact === 0.5 ? rounded & ~1 : rounded;
}
