// The recipes' geometric operations, pixel by pixel as torchvision 0.28 does them on images of Pillow 13: the nearest
// source pixel, black outside the source. Pillow computes source positions in fixed point with 16 bits after the point,
// and so do we; pictures of more than 32,767 pixels per side, for which it uses floats, may differ in single pixels.

import type { Canvas } from "./kernels.ts";
import type { Renderer } from "./technique.ts";

/** Whole pixels by which the image moves; negative ones move it to the left and upwards. */
type ShiftParameters = { right: number; down: number };
/** Whole pixels by which the image moves to the right, or downwards. */
type TranslationParameters = { pixels: number };
/** The tangent of the shear's angle. */
type ShearParameters = { factor: number };
/** Counter-clockwise. */
type RotationParameters = { degrees: number };

/** Source position (xx x + xy y + shiftX, yx x + yy y + shiftY) of a target position; a pixel's centre is at + 0.5. */
interface SourceMap {
  readonly xx: number;
  readonly xy: number;
  readonly shiftX: number;
  readonly yx: number;
  readonly yy: number;
  readonly shiftY: number;
}

/** Black padding around the image, from which a crop of the image's own size is taken. */
const padAndCrop: Renderer<ShiftParameters> = {
  isIdentity: ({ right, down }) => right === 0 && down === 0,
  render: (canvas, { right, down }) => shift(canvas, right, down),
};

const translateX: Renderer<TranslationParameters> = {
  isIdentity: ({ pixels }) => pixels === 0,
  render: (canvas, { pixels }) => shift(canvas, pixels, 0),
};

const translateY: Renderer<TranslationParameters> = {
  isIdentity: ({ pixels }) => pixels === 0,
  render: (canvas, { pixels }) => shift(canvas, 0, pixels),
};

/** About the image's upper left corner, as in torchvision's automatic augmentations. */
const shearX: Renderer<ShearParameters> = {
  isIdentity: ({ factor }) => factor === 0,
  render(canvas, { factor }) {
    warp(canvas, { xx: 1, xy: throughDegrees(factor), shiftX: 0, yx: 0, yy: 1, shiftY: 0 });
  },
};

const shearY: Renderer<ShearParameters> = {
  isIdentity: ({ factor }) => factor === 0,
  render(canvas, { factor }) {
    warp(canvas, { xx: 1, xy: 0, shiftX: 0, yx: throughDegrees(factor), yy: 1, shiftY: 0 });
  },
};

/** About the image's centre. */
const rotate: Renderer<RotationParameters> = {
  isIdentity: ({ degrees }) => degrees === 0,
  render(canvas, { degrees }) {
    // Pillow's way from an angle to its sine, so that rounding is the same too.
    const turn = degrees % 360;
    const angle = -((turn < 0 ? turn + 360 : turn) * (Math.PI / 180));
    const cos = to15Digits(Math.cos(angle));
    const sin = to15Digits(Math.sin(angle));
    const [x, y] = [canvas.width / 2, canvas.height / 2];
    const shiftX = cos * -x + sin * -y + x;
    const shiftY = -sin * -x + cos * -y + y;
    warp(canvas, { xx: cos, xy: sin, shiftX, yx: -sin, yy: cos, shiftY });
  },
};

/** torchvision passes a shear's factor on as an angle in degrees, and computes the factor again from it. */
function throughDegrees(factor: number): number {
  const degrees = Math.atan(factor) * (180 / Math.PI);
  return Math.tan(degrees * (Math.PI / 180));
}

function to15Digits(x: number): number {
  return Number(x.toFixed(15));
}

function shift({ kernels, source, target, height, width }: Canvas, right: number, down: number): void {
  kernels.shift(source, target, height, width, right, down);
}

function warp({ kernels, source, target, height, width }: Canvas, map: SourceMap): void {
  const { xx, xy, shiftX, yx, yy, shiftY } = map;
  const startX = fixed(shiftX + xx * 0.5 + xy * 0.5);
  const startY = fixed(shiftY + yx * 0.5 + yy * 0.5);
  kernels.warpNearest(
    source,
    target,
    height,
    width,
    fixed(xx),
    fixed(xy),
    startX,
    fixed(yx),
    fixed(yy),
    startY,
  );
}

/** In 1/65536, a whole number. */
function fixed(x: number): number {
  return Math.floor(x * 65536 + 0.5);
}

export const pillowGeometryOperations = {
  "pad-and-crop": padAndCrop,
  "pillow-translate-x": translateX,
  "pillow-translate-y": translateY,
  "pillow-shear-x": shearX,
  "pillow-shear-y": shearY,
  "pillow-rotate": rotate,
} satisfies Readonly<Record<string, Renderer>>;
