// All techniques by name.

import type { TechniqueName } from "../config/techniques.ts";
import { rotate, shear, translateX, translateY } from "./affine.ts";
import { gaussianBlur } from "./blur.ts";
import { addToHueAndSaturation } from "./colour.ts";
import { brighten, gammaContrast, invert } from "./contrast.ts";
import { emboss, sharpen } from "./convolution.ts";
import { crop, horizontalFlip, verticalFlip } from "./geometric.ts";
import { additiveGaussianNoise, coarseDropout, coarseSaltPepper, dropout } from "./noise.ts";
import type { Technique } from "./technique.ts";
import { clouds, fog } from "./weather.ts";

/** The 20 techniques, in the original's order. */
export const REGISTRY: Readonly<Record<TechniqueName, Technique>> = {
  crop,
  "gaussian-blur": gaussianBlur,
  rotate,
  shear,
  "translate-x": translateX,
  "translate-y": translateY,
  sharpen,
  emboss,
  "additive-gaussian-noise": additiveGaussianNoise,
  dropout,
  "coarse-dropout": coarseDropout,
  "gamma-contrast": gammaContrast,
  brighten,
  invert,
  fog,
  clouds,
  "add-to-hue-and-saturation": addToHueAndSaturation,
  "coarse-salt-pepper": coarseSaltPepper,
  "horizontal-flip": horizontalFlip,
  "vertical-flip": verticalFlip,
};
