// Policies as a file that `A.load` of Albumentations 2.0.8 reads, with the arguments that its `A.save` writes.

import type { Operation } from "../policy/policy.ts";
import { bitsKept, factorsOf, flipProbability, type Notation, solarizedFrom } from "./native.ts";

/** The only version for which they were measured; the next ones are AlbumentationsX, with other arguments. */
export const ALBUMENTATIONS_VERSION = "2.0.8";

interface Transform {
  readonly __class_fullname__: string;
  readonly p: number;
  readonly [argument: string]: unknown;
}

export const ALBUMENTATIONS: Notation<Transform> = {
  name: "Albumentations",
  operation,
  recipe: (name) => (name === "flip" ? transform("HorizontalFlip", {}, 0.5) : undefined),
  inTurn: (transforms, probability) =>
    transforms.length === 0 ? transform("NoOp", {}) : transform("Sequential", { transforms }, probability),
  oneOf,
};

/** The content of the file. */
export function albumentationsFile(root: Transform): string {
  const compose = transform("Compose", {
    ...{ transforms: [root], bbox_params: null, keypoint_params: null },
    ...{ additional_targets: {}, is_check_shapes: true },
  });
  return `${JSON.stringify({ __version__: ALBUMENTATIONS_VERSION, transform: compose }, null, 1)}\n`;
}

function transform(name: string, values: object, p = 1): Transform {
  return { __class_fullname__: name, p, ...values };
}

/** In a OneOf, `p` is a weight; its transforms are applied for sure. */
function oneOf(parts: readonly Transform[], weights: readonly number[]): Transform {
  const most = Math.max(...weights);
  const transforms = parts.map((part, index) => ({ ...part, p: weights[index] / most }));
  return transform("OneOf", { transforms: transforms.filter(({ p }) => p > 0) });
}

function operation({ type, magnitude }: Operation, isDrawn: boolean): Transform | undefined {
  switch (type) {
    case "horizontal-flip":
      return transform("HorizontalFlip", {}, flipProbability(magnitude, isDrawn));
    case "vertical-flip":
      return transform("VerticalFlip", {}, flipProbability(magnitude, isDrawn));
    case "invert":
      return transform("InvertImg", {});
    case "rotate":
      return isDrawn ? undefined : rotation(180 * magnitude);
    case "brightness": {
      const [low, high] = factorsOf(magnitude);
      return isDrawn ? brightness(low, high) : oneOf([brightness(low, low), brightness(high, high)], [1, 1]);
    }
    case "posterize": {
      const kept = bitsKept(magnitude, isDrawn);
      const each = kept.map(([bits]) =>
        bits === 8 ? transform("NoOp", {}) : transform("Posterize", { num_bits: [bits, bits] }),
      );
      return oneOf(
        each,
        kept.map(([, probability]) => probability),
      );
    }
    case "solarize": {
      const level = Math.max(0, solarizedFrom(magnitude) - 0.5) / 255;
      return transform("Solarize", { threshold_range: isDrawn ? [1 - magnitude, 1] : [level, level] });
    }
    default:
      return undefined;
  }
}

/** Degrees to both sides, with linear interpolation, black outside. */
function rotation(degrees: number): Transform {
  return transform("Rotate", {
    ...{ limit: [-degrees, degrees], interpolation: 1, border_mode: 0, crop_border: false },
    ...{ fill: 0, fill_mask: 0, mask_interpolation: 0, rotate_method: "largest_box" },
  });
}

function brightness(low: number, high: number): Transform {
  return transform("ColorJitter", {
    ...{ brightness: [low, high], contrast: [1, 1], saturation: [1, 1], hue: [0, 0] },
  });
}
