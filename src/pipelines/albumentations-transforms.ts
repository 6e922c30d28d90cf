// The transforms of Albumentations 1.4 to 2.0.8 that one of our techniques expresses exactly: the same distribution of what is
// drawn, and the same pixels, except that rotations differ by one grey level in at most 0.1% of the values (measured in each of the
// versions in docs/export.md). A schema holds the arguments for which that is so; all others are refused.

import { z } from "zod";
import { UsageError } from "../common/errors.ts";
import { problemIn } from "../common/schema.ts";
import { flipWith, type Outcome, type Step, stepWithout, UNCHANGED, withChance } from "./outcomes.ts";

/** The arguments of a transform without `p`. */
export type Arguments = Readonly<Record<string, unknown>>;

interface Known {
  /** The first version for which that is so; missing: 1.4.0. */
  readonly since?: readonly [number, number, number];
  /** What an image goes through, if the transform is applied with probability `p`. @throws UsageError if that is not known. */
  outcomes(values: Arguments, p: number, origin: string): readonly Outcome[];
}

/** A transform whose arguments have this schema, as a step that is applied with its probability. */
function known<S extends z.ZodType>(
  schema: S,
  stepOf: (values: z.output<S>, origin: string) => Step,
  since?: Known["since"],
): Known {
  return {
    since,
    outcomes: (values, p, origin) =>
      withChance(p, [{ probability: 1, steps: [stepOf(checked(values, schema, origin), origin)] }]),
  };
}

/** A flip, whose probability is its magnitude. */
function flip(type: "horizontal-flip" | "vertical-flip"): Known {
  return {
    outcomes(values, p, origin) {
      checked(values, NONE, origin);
      return p === 0 ? UNCHANGED : [{ probability: 1, steps: [flipWith(type, p, origin)] }];
    },
  };
}

/** @throws UsageError naming the first argument that has another value, or is not known. */
function checked<S extends z.ZodType>(values: Arguments, schema: S, origin: string): z.output<S> {
  const problem = problemIn(values, schema);
  if (problem !== undefined)
    throw new UsageError(
      `${origin}: ${problem}; no technique is known to do exactly the same with other arguments`,
    );
  return schema.parse(values);
}

/** Of versions up to 1.4.8, in which it would also apply when the pipeline around it does not. */
const COMMON = { always_apply: z.union([z.literal(false), z.null()]).optional() };
const NONE = z.strictObject(COMMON);
const ANY = z.unknown().optional();

const pair = z.tuple([z.number(), z.number()]);
const only = (value: number) =>
  pair.refine(([low, high]) => low === value && high === value, `expected [${value}, ${value}]`);
const alongBoth = (value: number) => z.strictObject({ x: only(value), y: only(value) });
const around0 = (most: number) =>
  pair.refine(
    ([low, high]) => low === -high && high >= 0 && high <= most,
    `expected a range around 0, up to ${most}`,
  );
const black = z.union([z.literal(0), z.array(z.literal(0)).min(1)], "expected 0");

const LINEAR = z.literal(1);
const CONSTANT = z.literal(0);

/** Degrees of a rotation about the centre, to both sides alike. */
const degrees = around0(180);

const rotateBy = ([, most]: readonly [number, number], origin: string): Step => ({
  type: "rotate",
  fixed: most / 180,
  origin,
});

/** Solarization from the level `threshold` upwards, 0 to 255; between two levels rounding has no effect. */
function solarizeFrom(threshold: number, origin: string): Step {
  const level = Math.ceil(threshold);
  return { type: "solarize", fixed: level === 0 ? 1 : 1 - (level - 0.5) / 255, origin };
}

/** The largest change of an enhancement's factor. */
const ENHANCEMENT = 0.99;

/** A factor that is drawn between 1 - `most` and 1 + `most`. */
const brightnessBy = (most: number, origin: string): Step => ({
  type: "brightness",
  drawn: Math.min(1, most / ENHANCEMENT),
  origin,
});

const factors = pair.refine(
  ([low, high]) => Math.abs(low + high - 2) < 1e-9 && high >= 1 && high - 1 <= ENHANCEMENT + 1e-9,
  `expected a range around 1, up to ${1 + ENHANCEMENT}`,
);

const single = (low: number, high: number) =>
  pair.refine(
    ([first, last]) => first === last && first >= low && last <= high,
    `expected a single value from ${low} to ${high}`,
  );

export const TRANSFORMS: Readonly<Record<string, Known>> = {
  NoOp: {
    outcomes(values, _p, origin) {
      checked(values, NONE, origin);
      return UNCHANGED;
    },
  },
  HorizontalFlip: flip("horizontal-flip"),
  VerticalFlip: flip("vertical-flip"),
  InvertImg: known(NONE, (_, origin) => stepWithout("invert", origin)),
  Rotate: known(
    z.strictObject({
      ...COMMON,
      ...{ limit: degrees, interpolation: LINEAR, border_mode: CONSTANT, crop_border: z.literal(false) },
      // `value` up to 1.4.18, `fill` later.
      ...{ fill: black.optional(), value: black.nullish() },
      ...{ fill_mask: ANY, mask_value: ANY, mask_interpolation: ANY, rotate_method: ANY },
    }),
    ({ limit }, origin) => rotateBy(limit, origin),
  ),
  Affine: known(
    z.strictObject({
      ...COMMON,
      ...{ rotate: degrees, scale: alongBoth(1), shear: alongBoth(0) },
      translate_percent: z.union([z.null(), alongBoth(0)]),
      translate_px: z.union([z.null(), alongBoth(0)]),
      ...{ interpolation: LINEAR, fit_output: z.literal(false) },
      // `mode` and `cval` up to 1.4.18.
      ...{ border_mode: CONSTANT.optional(), mode: CONSTANT.nullish() },
      ...{ fill: black.optional(), cval: black.nullish() },
      ...{ fill_mask: ANY, cval_mask: ANY, mask_interpolation: ANY, rotate_method: ANY },
      // Of a scale of 1.
      ...{ keep_ratio: ANY, balanced_scale: ANY },
    }),
    ({ rotate }, origin) => rotateBy(rotate, origin),
  ),
  Posterize: known(z.strictObject({ ...COMMON, num_bits: single(2, 7) }), ({ num_bits: [bits] }, origin) => ({
    type: "posterize",
    fixed: (8 - bits) / 6,
    origin,
  })),
  Solarize: known(
    z.union([
      z.strictObject({ ...COMMON, threshold_range: single(0, 1) }),
      // Up to 1.4.18, in grey levels.
      z.strictObject({ ...COMMON, threshold: single(0, 255) }),
    ]),
    (values, origin) =>
      solarizeFrom("threshold" in values ? values.threshold[0] : 255 * values.threshold_range[0], origin),
  ),
  ColorJitter: known(
    z.strictObject({
      ...COMMON,
      ...{ brightness: factors, contrast: only(1), saturation: only(1), hue: only(0) },
    }),
    ({ brightness: [, high] }, origin) => brightnessBy(high - 1, origin),
    // Before, it rounded some values otherwise.
    [1, 4, 10],
  ),
  // Its contrast multiplies every value.
  RandomBrightnessContrast: known(
    z.strictObject({
      ...COMMON,
      ...{ brightness_limit: only(0), contrast_limit: around0(ENHANCEMENT), brightness_by_max: ANY },
      ensure_safe_range: z.literal(false).optional(),
    }),
    ({ contrast_limit: [, most] }, origin) => brightnessBy(most, origin),
  ),
};
