// The names of the 20 augmentation techniques. Their implementations are in `augment/`; the names are here because
// configuration, policies and files use them too.

import { nearest, UsageError } from "../common/errors.ts";

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

export type TechniqueName = (typeof TECHNIQUES)[number];

const WITHOUT_MAGNITUDE: ReadonlySet<TechniqueName> = new Set(["invert", "fog", "clouds"]);

/** Whether a technique's magnitude has a meaning; if not, the technique does the same at every magnitude. */
export function usesMagnitude(name: TechniqueName): boolean {
  return !WITHOUT_MAGNITUDE.has(name);
}

const BY_LETTERS = new Map<string, TechniqueName>(TECHNIQUES.map((name) => [letters(name), name]));

/**
 * The technique that `text` names; hyphens, underscores, spaces and case are ignored.
 * @throws UsageError suggesting the nearest known name.
 */
export function parseTechnique(text: string): TechniqueName {
  const found = BY_LETTERS.get(letters(text));
  if (found) return found;
  const suggestion = nearest(text, TECHNIQUES);
  throw new UsageError(
    `unknown technique "${text}"; ${suggestion ? `did you mean "${suggestion}"?` : `known are ${TECHNIQUES.join(", ")}`}`,
  );
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, "");
}
