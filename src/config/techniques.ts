// The names of the augmentation techniques. Their implementations are in `augment/`; the names are here because
// configuration, policies and files use them too.

import { type NameParser, nameParser } from "./names.ts";

/** The techniques of the original DeepAugment, in its order. */
export const TECHNIQUES = [
  "crop",
  "gaussian-blur",
  "rotate",
  "shear",
  "translate-x",
  "translate-y",
  "sharpen",
  "emboss",
  "additive-gaussian-noise",
  "dropout",
  "coarse-dropout",
  "gamma-contrast",
  "brighten",
  "invert",
  "fog",
  "clouds",
  "add-to-hue-and-saturation",
  "coarse-salt-pepper",
  "horizontal-flip",
  "vertical-flip",
] as const;

/** TrivialAugment's operations without a counterpart among those, with Pillow's meaning. */
export const PILLOW_TECHNIQUES = [
  "shear-x",
  "shear-y",
  "brightness",
  "color",
  "contrast",
  "sharpness",
  "posterize",
  "solarize",
  "autocontrast",
  "equalize",
] as const;

/** All techniques. */
export const EXTENDED_TECHNIQUES = [...TECHNIQUES, ...PILLOW_TECHNIQUES] as const;

export type TechniqueName = (typeof EXTENDED_TECHNIQUES)[number];

export type PillowTechniqueName = (typeof PILLOW_TECHNIQUES)[number];

const WITHOUT_MAGNITUDE: ReadonlySet<TechniqueName> = new Set([
  "invert",
  "fog",
  "clouds",
  "autocontrast",
  "equalize",
]);

/** Whether a technique's magnitude has a meaning; if not, the technique does the same at every magnitude. */
export function usesMagnitude(name: TechniqueName): boolean {
  return !WITHOUT_MAGNITUDE.has(name);
}

/**
 * The technique that `text` names; hyphens, underscores, spaces and case are ignored.
 * @throws UsageError suggesting the nearest known name.
 */
export const parseTechnique: NameParser<TechniqueName> = nameParser("technique", EXTENDED_TECHNIQUES);
