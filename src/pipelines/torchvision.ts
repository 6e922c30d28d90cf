// The automatic augmentations of torchvision by name, as policies: two of them are our recipes (docs/recipes.md has the comparison).

import { formatValue, nearest, UsageError } from "../common/errors.ts";
import type { SingleRecipe } from "../config/recipes.ts";
import type { Policy } from "../policy/policy.ts";

interface Automatic {
  readonly recipe: SingleRecipe;
  /** The arguments in their order, each with the only value, as Python writes it, for which the recipe is the same. */
  readonly values: Readonly<Record<string, string>>;
}

const AUTOMATIC: Readonly<Record<string, Automatic>> = {
  TrivialAugmentWide: {
    recipe: "trivialaugment",
    values: { num_magnitude_bins: "31", interpolation: "InterpolationMode.NEAREST", fill: "None" },
  },
  RandAugment: {
    recipe: "randaugment",
    values: {
      ...{ num_ops: "2", magnitude: "9", num_magnitude_bins: "31" },
      ...{ interpolation: "InterpolationMode.NEAREST", fill: "None" },
    },
  },
};

/** Why others are not expressed. */
const UNKNOWN: Readonly<Record<string, string>> = {
  AutoAugment:
    "its operations TranslateX, TranslateY and Rotate, which take the nearest pixel, are no techniques of ours",
  AugMix: "it blends several augmented copies of an image, which no policy does",
};

const PREFIX = "torchvision:";
const NAMES: readonly string[] = [...Object.keys(AUTOMATIC), ...Object.keys(UNKNOWN)];

/** Whether a text names such an augmentation: it begins with `torchvision:`, or is one of the names, with arguments or without. */
export function isTorchvision(text: string): boolean {
  return text.startsWith(PREFIX) || NAMES.includes(text.replace(/\(.*\)$/s, "").trim());
}

/**
 * The policy of `torchvision:TrivialAugmentWide` or `RandAugment(num_ops=2, magnitude=9)`: the recipe alone.
 * @throws UsageError if it is not known, or not with these arguments.
 */
export function torchvisionPolicy(text: string): Policy {
  const [, name, given] =
    /^(?:torchvision:)?\s*(\w{1,50})\s*(?:\(([^()]*(?:\([^()]*\))?[^()]*)\))?\s*$/.exec(
      text.length > LONGEST ? "" : text,
    ) ?? [];
  if (name === undefined)
    throw new UsageError(
      `${formatValue(text)}: expected a name such as torchvision:RandAugment(num_ops=2, magnitude=9)`,
    );
  const automatic = Object.hasOwn(AUTOMATIC, name) ? AUTOMATIC[name] : undefined;
  if (!automatic) throw new UsageError(`torchvision:${name}: ${reasonAgainst(name)}`);
  checkArguments(name, argumentsIn(given ?? ""), automatic.values);
  return { chains: [[{ type: "rotate", magnitude: 0 }]], portion: 0, base: automatic.recipe, redrawn: true };
}

const LONGEST = 300;

function reasonAgainst(name: string): string {
  const known = Object.keys(AUTOMATIC).join(" and ");
  if (Object.hasOwn(UNKNOWN, name)) return `${UNKNOWN[name]}; known are ${known}`;
  const suggestion = nearest(name, NAMES);
  return suggestion
    ? `it is not known; did you mean "${suggestion}"?`
    : `it is not known; known are ${known}`;
}

/** `num_ops=2, fill=(0, 0, 0)`: split at commas outside brackets. */
function argumentsIn(text: string): string[] {
  return text
    .split(/,(?![^([]*[)\]])/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function checkArguments(name: string, parts: readonly string[], values: Automatic["values"]): void {
  const keys = Object.keys(values);
  for (const [index, part] of parts.entries()) {
    const [, key = keys[index], value] = /^(?:(\w+)\s*=\s*)?(.+)$/s.exec(part) ?? [];
    if (key === undefined || !Object.hasOwn(values, key))
      throw new UsageError(
        `torchvision:${name}: it has no argument ${key ?? part}; it has ${keys.join(", ")}`,
      );
    if (value === values[key]) continue;
    throw new UsageError(
      `torchvision:${name}: ${key}=${value} is not known; it is expressed with ${key}=${values[key]} only, as is the default`,
    );
  }
}
