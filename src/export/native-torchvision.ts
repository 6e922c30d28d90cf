// Policies as transforms of torchvision 0.28 (`torchvision.transforms.v2`) for pictures of Pillow, as an expression in Python. On
// tensors, torchvision rounds some of them otherwise.

import type { Operation } from "../policy/policy.ts";
import {
  bitsKept,
  factorsOf,
  flipProbability,
  type Notation,
  shearDegrees,
  solarizedFrom,
} from "./native.ts";

/** Major and minor number of the version for which they were measured. */
export const TORCHVISION_VERSION = "0.28";

export const TORCHVISION: Notation<string> = {
  name: "torchvision",
  operation,
  recipe: (name) => RECIPES[name],
  inTurn(parts, probability) {
    if (parts.length === 0) return "v2.Identity()";
    if (probability < 1) return listed("v2.RandomApply", parts, `, p=${probability}`);
    return parts.length === 1 ? parts[0] : listed("v2.Compose", parts);
  },
  oneOf: (parts, weights) =>
    parts.length === 1 ? parts[0] : listed("v2.RandomChoice", parts, `, p=[${weights.join(", ")}]`),
};

/** Those that depend on nothing but the picture. The automatic ones of v2 solarize from other levels in some bins. */
const RECIPES: Readonly<Record<string, string>> = {
  flip: "v2.RandomHorizontalFlip(p=0.5)",
  trivialaugment: "transforms.TrivialAugmentWide()",
  randaugment: "transforms.RandAugment()",
};

/** A call with a list of transforms, one a line. */
function listed(name: string, parts: readonly string[], rest = ""): string {
  const lines = parts.map((part) => `${part.replaceAll(/^/gm, "    ")},`);
  return `${name}([\n${lines.join("\n")}\n]${rest})`;
}

function operation({ type, magnitude }: Operation, isDrawn: boolean): string | undefined {
  switch (type) {
    case "horizontal-flip":
      return `v2.RandomHorizontalFlip(p=${flipProbability(magnitude, isDrawn)})`;
    case "vertical-flip":
      return `v2.RandomVerticalFlip(p=${flipProbability(magnitude, isDrawn)})`;
    case "invert":
      return "v2.RandomInvert(p=1)";
    case "autocontrast":
      return "v2.RandomAutocontrast(p=1)";
    case "equalize":
      return "v2.RandomEqualize(p=1)";
    case "brightness":
    case "contrast":
      return jitter(type, magnitude, isDrawn);
    case "color":
      return jitter("saturation", magnitude, isDrawn);
    case "sharpness":
      return isDrawn
        ? undefined
        : either(factorsOf(magnitude).map((factor) => `v2.RandomAdjustSharpness(${factor}, p=1)`));
    case "shear-x":
    case "shear-y":
      return isDrawn ? undefined : shear(type, shearDegrees(magnitude));
    case "posterize": {
      const kept = bitsKept(magnitude, isDrawn);
      return TORCHVISION.oneOf(
        kept.map(([bits]) => (bits === 8 ? "v2.Identity()" : `v2.RandomPosterize(${bits}, p=1)`)),
        kept.map(([, probability]) => probability),
      );
    }
    case "solarize":
      return isDrawn ? undefined : `v2.RandomSolarize(${solarizedFrom(magnitude)}, p=1)`;
    default:
      return undefined;
  }
}

function either(parts: readonly string[]): string {
  return TORCHVISION.oneOf(
    parts,
    parts.map(() => 1),
  );
}

/** A factor: any in the range, or one of its ends. */
function jitter(name: string, magnitude: number, isDrawn: boolean): string {
  const [low, high] = factorsOf(magnitude);
  const between = (from: number, to: number) => `v2.ColorJitter(${name}=(${from}, ${to}))`;
  return isDrawn ? between(low, high) : either([between(low, low), between(high, high)]);
}

/** About the upper left corner, to one side or to the other. */
function shear(type: "shear-x" | "shear-y", degrees: number): string {
  const along = (angle: number) => (type === "shear-x" ? [angle, angle, 0, 0] : [0, 0, angle, angle]);
  return either(
    [degrees, -degrees].map(
      (angle) => `v2.RandomAffine(0, shear=(${along(angle).join(", ")}), center=[0, 0])`,
    ),
  );
}
