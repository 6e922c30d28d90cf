// The interval in which the mean of a few measurements is expected to be, by Student's t distribution.

import { meanOf, standardErrorOf } from "./mean.ts";
import { studentQuantile } from "./student.ts";

/** A mean and the ends of its 95% confidence interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The 95% interval of the mean of values that vary normally; undefined for fewer than two, which show no spread. */
export function intervalOf(values: readonly number[]): Interval | undefined {
  if (values.length < 2) return undefined;
  const mean = meanOf(values);
  const half = studentQuantile(0.95, values.length - 1) * standardErrorOf(values, mean);
  return { mean, low: mean - half, high: mean + half };
}
