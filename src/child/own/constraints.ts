// Keras's constraints on weights: after each step of the optimizer, a weight is replaced by the nearest one that is allowed.

import { add, clipByValue, div, maximum, mul, sqrt, square, sum, type Tensor } from "@tensorflow/tfjs-core";
import { namedOf } from "./json.ts";

/** The allowed weight for a weight. */
export interface Constraint {
  (weight: Tensor): Tensor;
  /** Along which it computes norms; undefined if it takes each value by itself. */
  readonly axes?: readonly number[];
}

/** Undefined if the value, a constraint in the file, is not supported. */
export function constraintOf(value: unknown): Constraint | undefined {
  const named = namedOf(value);
  if (!named) return undefined;
  const { config } = named;
  const number = (key: string, whenMissing: number) => {
    const given = config[key] ?? whenMissing;
    return typeof given === "number" ? given : Number.NaN;
  };
  const axes = [config.axis ?? 0].flat();
  if (!axes.every(Number.isInteger)) return undefined;
  const scaled = (norms: (norm: Tensor) => Tensor | number): Constraint => {
    const constraint = (weight: Tensor) => {
      const norm = sqrt(sum(square(weight), axes as number[], true));
      return mul(weight, div(norms(norm), add(norm, EPSILON)));
    };
    return Object.assign(constraint, { axes: axes as number[] });
  };
  const [least, most, rate] = [number("min_value", 0), number("max_value", 1), number("rate", 1)];
  switch (named.className.toLowerCase().replaceAll("_", "")) {
    case "maxnorm": {
      const limit = number("max_value", 2);
      return Number.isNaN(limit) ? undefined : scaled((norm) => clipByValue(norm, 0, limit));
    }
    case "minmaxnorm":
      return [least, most, rate].some(Number.isNaN)
        ? undefined
        : scaled((norm) => add(mul(clipByValue(norm, least, most), rate), mul(norm, 1 - rate)));
    case "unitnorm":
      return scaled(() => 1);
    case "nonneg":
      return (weight) => maximum(weight, 0);
    default:
      return undefined;
  }
}

/** Keras's, against a division by 0. */
const EPSILON = 1e-7;
