// TrivialAugment's operations as techniques, with its largest magnitudes at 1 (TrivialAugmentWide of torchvision 0.28).

import type { PillowTechniqueName } from "../config/techniques.ts";
import { pillowColourOperations } from "./pillow-colour.ts";
import { pillowGeometryOperations } from "./pillow-geometry.ts";
import { TRIVIAL_AUGMENT } from "./pillow-space.ts";
import type { Technique } from "./technique.ts";

type FactorParameters = { factor: number };

const { shear, enhancement, bitsLost } = TRIVIAL_AUGMENT;
const operations = { ...pillowColourOperations, ...pillowGeometryOperations };

const shearMeaning = (direction: string) =>
  `sheared ${direction} about the upper left corner, by an angle with tangent ${shear} m or −${shear} m, black outside; nearest pixel`;

const enhancedMeaning = (what: string, degenerate: string) =>
  `${what} multiplied by 1 + ${enhancement} m or 1 − ${enhancement} m: away from or towards ${degenerate}`;

const drawEnhancement: Technique<FactorParameters>["draw"] = (magnitude, _shape, random) => ({
  factor: 1 + (random.chance(0.5) ? -1 : 1) * enhancement * magnitude,
});

const drawShear: Technique<FactorParameters>["draw"] = (magnitude, _shape, random) => ({
  // Adding 0 turns -0, which JSON does not keep, into 0.
  factor: (random.chance(0.5) ? -1 : 1) * shear * magnitude + 0,
});

export const pillowTechniques = {
  "shear-x": {
    ...operations["pillow-shear-x"],
    ...{ name: "shear-x", family: "affine", meaning: shearMeaning("sideways"), draw: drawShear },
  },
  "shear-y": {
    ...operations["pillow-shear-y"],
    ...{ name: "shear-y", family: "affine", meaning: shearMeaning("up or down"), draw: drawShear },
  },
  brightness: {
    ...operations["pillow-brightness"],
    ...{ name: "brightness", family: "contrast", meaning: enhancedMeaning("every value", "black") },
    draw: drawEnhancement,
  },
  color: {
    ...operations["pillow-color"],
    ...{ name: "color", family: "colour", meaning: enhancedMeaning("saturation", "the pixel's grey") },
    draw: drawEnhancement,
  },
  contrast: {
    ...operations["pillow-contrast"],
    ...{
      name: "contrast",
      family: "contrast",
      meaning: enhancedMeaning("contrast", "the image's mean grey"),
    },
    draw: drawEnhancement,
  },
  sharpness: {
    ...operations["pillow-sharpness"],
    ...{
      name: "sharpness",
      family: "convolution",
      meaning: enhancedMeaning("sharpness", "the smoothed image"),
    },
    draw: drawEnhancement,
  },
  posterize: {
    ...operations["pillow-posterize"],
    ...{
      name: "posterize",
      family: "contrast",
      meaning: `each value keeps its first 8 − ${bitsLost} m bits, rounded`,
    },
    draw: (magnitude) => ({ bits: 8 - Math.round(bitsLost * magnitude) }),
  },
  solarize: {
    ...operations["pillow-solarize"],
    ...{ name: "solarize", family: "contrast", meaning: "values from 255 (1 − m) upwards are inverted" },
    draw: (magnitude) => ({ threshold: 255 * (1 - magnitude) }),
  },
  autocontrast: {
    ...operations["pillow-autocontrast"],
    ...{ name: "autocontrast", family: "contrast" },
    meaning: "each channel is stretched to 0–255; the magnitude is not used",
    draw: () => ({}),
  },
  equalize: {
    ...operations["pillow-equalize"],
    ...{ name: "equalize", family: "contrast" },
    meaning: "the values of each channel are spread evenly over 0–255; the magnitude is not used",
    draw: () => ({}),
  },
} satisfies Readonly<Record<PillowTechniqueName, Technique>>;
