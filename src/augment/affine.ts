// Rotation, shear and translation: one warp. Each target pixel's centre is mapped back into the source and read there
// by bilinear interpolation; outside the source everything is black. As imgaug 0.4's Affine: about the centre
// (width / 2 - 0.5, height / 2 - 0.5), x to the right, y downwards, angles clockwise.
//
// Shear follows scikit-image's AffineTransform as it was when the original was written (and until release 0.20):
// x' = x - sin(s) y, y' = cos(s) y, so that the y axis keeps its length and the image collapses onto a line near 90
// degrees. Later releases use x' = x - tan(s) y, y' = y.

import { clamped, type Shape, type Technique } from "./technique.ts";

/** Where a target pixel comes from, both relative to the centre: x = xx x' + xy y' + shiftX, y likewise. */
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

export const rotate: Technique<AngleParameters> = {
  name: "rotate",
  family: "affine",
  meaning: "turned about the centre by an angle from -180 m to 180 m degrees",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ degrees: random.uniform(-180 * magnitude, 180 * magnitude) }),
  render(source, target, shape, { degrees }) {
    const cos = Math.cos((degrees * Math.PI) / 180);
    const sin = Math.sin((degrees * Math.PI) / 180);
    warp(source, target, shape, { xx: cos, xy: sin, yx: -sin, yy: cos, shiftX: 0, shiftY: 0 });
  },
};

export const shear: Technique<AngleParameters> = {
  name: "shear",
  family: "affine",
  meaning: "sheared along x about the centre by an angle from -90 m to 90 m degrees",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ degrees: random.uniform(-90 * magnitude, 90 * magnitude) }),
  render(source, target, shape, { degrees }) {
    const angle = (degrees * Math.PI) / 180;
    const map = { xx: 1, xy: Math.tan(angle), yx: 0, yy: 1 / Math.cos(angle), shiftX: 0, shiftY: 0 };
    warp(source, target, shape, map);
  },
};

export const translateX: Technique<TranslationParameters> = {
  name: "translate-x",
  family: "affine",
  meaning: "moved to the right by a share of the width from -m to m",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ share: random.uniform(-magnitude, magnitude) }),
  render(source, target, shape, { share }) {
    warp(source, target, shape, { xx: 1, xy: 0, yx: 0, yy: 1, shiftX: -share * shape.width, shiftY: 0 });
  },
};

export const translateY: Technique<TranslationParameters> = {
  name: "translate-y",
  family: "affine",
  meaning: "moved downwards by a share of the height from -m to m",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({ share: random.uniform(-magnitude, magnitude) }),
  render(source, target, shape, { share }) {
    warp(source, target, shape, { xx: 1, xy: 0, yx: 0, yy: 1, shiftX: 0, shiftY: -share * shape.height });
  },
};

function warp(source: Uint8Array, target: Uint8Array, shape: Shape, map: InverseMap): void {
  const { height, width } = shape;
  const { xx, yx } = map;
  const output = clamped(target);
  const centreX = width / 2 - 0.5;
  const centreY = height / 2 - 0.5;
  const stride = width * 3;
  for (let y = 0, o = 0; y < height; y++) {
    const rowX = map.xy * (y - centreY) + map.shiftX + centreX;
    const rowY = map.yy * (y - centreY) + map.shiftY + centreY;
    for (let x = 0; x < width; x++, o += 3) {
      const sourceX = xx * (x - centreX) + rowX;
      const sourceY = yx * (x - centreX) + rowY;
      if (!(sourceX > -1 && sourceX < width && sourceY > -1 && sourceY < height)) {
        output[o] = output[o + 1] = output[o + 2] = 0;
        continue;
      }
      const left = Math.floor(sourceX);
      const top = Math.floor(sourceY);
      const fractionX = sourceX - left;
      const fractionY = sourceY - top;
      let topLeft = (1 - fractionX) * (1 - fractionY);
      let topRight = fractionX * (1 - fractionY);
      let bottomLeft = (1 - fractionX) * fractionY;
      let bottomRight = fractionX * fractionY;
      let i = top * stride + left * 3;
      let right = 3;
      let below = stride;
      if (left < 0 || left === width - 1 || top < 0 || top === height - 1) {
        // A neighbour outside is black: it weighs nothing, and its index is moved to one that exists.
        if (left < 0) {
          topLeft = bottomLeft = 0;
          i += 3;
          right = 0;
        } else if (left === width - 1) {
          topRight = bottomRight = 0;
          right = 0;
        }
        if (top < 0) {
          topLeft = topRight = 0;
          i += stride;
          below = 0;
        } else if (top === height - 1) {
          bottomLeft = bottomRight = 0;
          below = 0;
        }
      }
      const j = i + below;
      output[o] =
        topLeft * source[i] +
        topRight * source[i + right] +
        bottomLeft * source[j] +
        bottomRight * source[j + right];
      output[o + 1] =
        topLeft * source[i + 1] +
        topRight * source[i + right + 1] +
        bottomLeft * source[j + 1] +
        bottomRight * source[j + right + 1];
      output[o + 2] =
        topLeft * source[i + 2] +
        topRight * source[i + right + 2] +
        bottomLeft * source[j + 2] +
        bottomRight * source[j + right + 2];
    }
  }
}
