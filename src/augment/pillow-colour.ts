// The recipes' operations on values, to the bit as in Pillow 13: the enhancers of ImageEnhance, and functions of
// ImageOps. The enhancers move every value from a degenerate image's to the original's (factor 1) or beyond; results are
// truncated, not rounded.

import { kernels } from "./kernels.ts";
import type { Renderer } from "./technique.ts";

/** 0 gives the degenerate image, 1 the original; 0 or more. */
type FactorParameters = { factor: number };
/** Bits kept of each value, 1 to 8. */
type BitsParameters = { bits: number };
/** Values from this level upwards are inverted. */
type ThresholdParameters = { threshold: number };
type NoParameters = Record<string, never>;

const isNeutral = ({ factor }: FactorParameters) => factor === 1;

/** From black. */
const brightness: Renderer<FactorParameters> = {
  isIdentity: isNeutral,
  render({ kernels, source, target, height, width }, { factor }) {
    kernels.enhanceFromLevel(source, target, height * width * 3, 0, factor);
  },
};

/** From the mean of the image's grey. */
const contrast: Renderer<FactorParameters> = {
  isIdentity: isNeutral,
  render({ kernels, source, target, height, width }, { factor }) {
    const mean = kernels.meanGrey(source, height * width);
    kernels.enhanceFromLevel(source, target, height * width * 3, mean, factor);
  },
};

/** From each pixel's grey. */
const color: Renderer<FactorParameters> = {
  isIdentity: isNeutral,
  render({ kernels, source, target, height, width }, { factor }) {
    kernels.enhanceFromGrey(source, target, height * width, factor);
  },
};

/** From the smoothed image. */
const sharpness: Renderer<FactorParameters> = {
  isIdentity: isNeutral,
  render({ kernels, source, target, height, width }, { factor }) {
    kernels.enhanceFromSmooth(source, target, height, width, factor);
  },
};

const posterize: Renderer<BitsParameters> = {
  isIdentity: ({ bits }) => bits === 8,
  render({ kernels, source, target, height, width }, { bits }) {
    kernels.keepBits(source, target, height * width * 3, -1 << (8 - bits));
  },
};

const solarize: Renderer<ThresholdParameters> = {
  isIdentity: ({ threshold }) => threshold > 255,
  render({ kernels, source, target, height, width }, { threshold }) {
    kernels.invertFrom(source, target, height * width * 3, Math.ceil(threshold));
  },
};

/** Each channel is stretched to 0-255. */
const autocontrast: Renderer<NoParameters> = {
  workBytes: () => kernels().histogramMemory(),
  render({ kernels, source, target, height, width, work }) {
    kernels.autocontrast(source, target, height * width, work);
  },
};

/** Each channel's values are spread evenly over 0-255. */
const equalize: Renderer<NoParameters> = {
  workBytes: () => kernels().histogramMemory(),
  render({ kernels, source, target, height, width, work }) {
    kernels.equalize(source, target, height * width, work);
  },
};

export const pillowColourOperations = {
  "pillow-brightness": brightness,
  "pillow-color": color,
  "pillow-contrast": contrast,
  "pillow-sharpness": sharpness,
  "pillow-posterize": posterize,
  "pillow-solarize": solarize,
  "pillow-autocontrast": autocontrast,
  "pillow-equalize": equalize,
} satisfies Readonly<Record<string, Renderer>>;
