// The names of the 20 augmentation techniques. What each does stands in `augment/`; the names stand here, since
// configuration, policies and files speak of them too.

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

/** Whether a technique's magnitude has a meaning; if not, it does the same at each. */
export function usesMagnitude(name: TechniqueName): boolean {
  return !WITHOUT_MAGNITUDE.has(name);
}

const BY_LETTERS = new Map<string, TechniqueName>(TECHNIQUES.map((name) => [letters(name), name]));

/**
 * The technique that `text` names; hyphens, underscores, blanks and case are ignored.
 * @throws UsageError with the nearest known name.
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
