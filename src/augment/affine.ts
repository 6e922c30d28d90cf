// Rotation, shear and translation as a single warp. Each target pixel's centre is mapped back into the source and read
// there with bilinear interpolation; outside the source everything is black. As in imgaug 0.4's Affine: about the
// centre (width / 2 - 0.5, height / 2 - 0.5), x to the right, y downwards, angles clockwise.
//
// Shear follows scikit-image's AffineTransform up to release 0.20, which the original used: x' = x - sin(s) y, y' =
// cos(s) y, so that the y axis keeps its length and the image collapses onto a line near 90 degrees. Later releases use
// x' = x - tan(s) y, y' = y.

import { type Canvas, kernels } from "./kernels.ts";
import type { Shape, Technique, TechniqueSet } from "./technique.ts";

/** The source position of a target pixel, both relative to the centre: x = xx x' + xy y' + shiftX, y likewise. */
interface InverseMap {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

type AngleParameters = { degrees: number };
type TranslationParameters = { share: number };

const rotate: Technique<AngleParameters> = {
  name: "rotate",
  family: "affine",
  meaning: "rotated about the centre by an angle from -180 m to 180 m degrees",
  draw: (magnitude, _shape, random) => ({ degrees: random.uniform(-180 * magnitude, 180 * magnitude) }),
  isIdentity: ({ degrees }) => degrees === 0,
  workBytes,
  render(canvas, { degrees }) {
    const cos = Math.cos((degrees * Math.PI) / 180);
    const sin = Math.sin((degrees * Math.PI) / 180);
    warp(canvas, { xx: cos, xy: sin, yx: -sin, yy: cos, shiftX: 0, shiftY: 0 });
  },
};

const shear: Technique<AngleParameters> = {
  name: "shear",
  family: "affine",
  meaning: "sheared along x about the centre by an angle from -90 m to 90 m degrees",
  draw: (magnitude, _shape, random) => ({ degrees: random.uniform(-90 * magnitude, 90 * magnitude) }),
  isIdentity: ({ degrees }) => degrees === 0,
  workBytes,
  render(canvas, { degrees }) {
    const angle = (degrees * Math.PI) / 180;
    const map = { xx: 1, xy: Math.tan(angle), yx: 0, yy: 1 / Math.cos(angle), shiftX: 0, shiftY: 0 };
    warp(canvas, map);
  },
};

const translateX: Technique<TranslationParameters> = {
  name: "translate-x",
  family: "affine",
  meaning: "shifted to the right by a share of the width from -m to m",
  draw: (magnitude, _shape, random) => ({ share: random.uniform(-magnitude, magnitude) }),
  isIdentity: ({ share }) => share === 0,
  workBytes,
  render(canvas, { share }) {
    warp(canvas, { xx: 1, xy: 0, yx: 0, yy: 1, shiftX: -share * canvas.width, shiftY: 0 });
  },
};

const translateY: Technique<TranslationParameters> = {
  name: "translate-y",
  family: "affine",
  meaning: "shifted downwards by a share of the height from -m to m",
  draw: (magnitude, _shape, random) => ({ share: random.uniform(-magnitude, magnitude) }),
  isIdentity: ({ share }) => share === 0,
  workBytes,
  render(canvas, { share }) {
    warp(canvas, { xx: 1, xy: 0, yx: 0, yy: 1, shiftX: 0, shiftY: -share * canvas.height });
  },
};

function workBytes({ height, width }: Shape): number {
  return kernels().warpMemory(height, width);
}

function warp(canvas: Canvas, { xx, xy, yx, yy, shiftX, shiftY }: InverseMap): void {
  const { source, target, height, width, work } = canvas;
  canvas.kernels.warp(source, target, height, width, xx, xy, yx, yy, shiftX, shiftY, work);
}

export const affineTechniques = {
  rotate,
  shear,
  "translate-x": translateX,
  "translate-y": translateY,
} satisfies TechniqueSet;
