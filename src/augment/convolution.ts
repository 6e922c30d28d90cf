// Sharpen and emboss: 3 x 3 kernels over each channel, the border reflected (101), as imgaug 0.4 through OpenCV's
// filter2D (a correlation: the kernel is not flipped).

import { reflect101 } from "./border.ts";
import { clamped, type Shape, type Technique } from "./technique.ts";

/** Nine weights, row by row from the top left. */
export type Kernel3x3 = readonly [number, number, number, number, number, number, number, number, number];

type SharpenParameters = { alpha: number; lightness: number };
type EmbossParameters = { alpha: number; strength: number };

export const sharpen: Technique<SharpenParameters> = {
  name: "sharpen",
  family: "convolution",
  meaning: "sharpened: a share α from 0 to 1 of the sharpened image, whose lightness is from 0.5 to 5 m",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({
    alpha: random.uniform(0, 1),
    lightness: random.uniform(0.5, 5 * magnitude),
  }),
  render(source, target, shape, parameters) {
    convolve(source, target, shape, sharpenKernel(parameters));
  },
};

export const emboss: Technique<EmbossParameters> = {
  name: "emboss",
  family: "convolution",
  meaning: "embossed: a share α from 0 to 1 of the embossed image, whose strength is from 0 to 20 m",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({
    alpha: random.uniform(0, 1),
    strength: random.uniform(0, 20 * magnitude),
  }),
  render(source, target, shape, parameters) {
    convolve(source, target, shape, embossKernel(parameters));
  },
};

/** (1 - alpha) x identity + alpha x (-1 around, 8 + lightness in the middle). */
export function sharpenKernel({ alpha, lightness }: SharpenParameters): Kernel3x3 {
  const middle = 1 - alpha + alpha * (8 + lightness);
  return [-alpha, -alpha, -alpha, -alpha, middle, -alpha, -alpha, -alpha, -alpha];
}

/** (1 - alpha) x identity + alpha x [[-1-s, -s, 0], [-s, 1, s], [0, s, 1+s]]. */
export function embossKernel({ alpha, strength }: EmbossParameters): Kernel3x3 {
  const side = alpha * strength;
  const corner = alpha * (1 + strength);
  return [-corner, -side, 0, -side, 1, side, 0, side, corner];
}

/** Each value of `target` is the sum of the 3 x 3 source values around it, weighted by the kernel. */
export function convolve(source: Uint8Array, target: Uint8Array, shape: Shape, kernel: Kernel3x3): void {
  const { height, width } = shape;
  const [k0, k1, k2, k3, k4, k5, k6, k7, k8] = kernel;
  const output = clamped(target);
  const stride = width * 3;
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    const above = reflect101(y - 1, height) * stride - row;
    const below = reflect101(y + 1, height) * stride - row;
    for (let x = 0; x < width; x++) {
      // Between the first and the last column the neighbours stand at the same distance, for all channels alike.
      const inside = x > 0 && x < width - 1;
      const end = row + (inside ? (width - 1) * 3 : (x + 1) * 3);
      const left = (reflect101(x - 1, width) - x) * 3;
      const right = (reflect101(x + 1, width) - x) * 3;
      for (let i = row + x * 3; i < end; i++) {
        const a = i + above;
        const b = i + below;
        output[i] =
          k0 * source[a + left] +
          k1 * source[a] +
          k2 * source[a + right] +
          k3 * source[i + left] +
          k4 * source[i] +
          k5 * source[i + right] +
          k6 * source[b + left] +
          k7 * source[b] +
          k8 * source[b + right];
      }
      if (inside) x = width - 2;
    }
  }
}
