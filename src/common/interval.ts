// The interval in which the mean of a few measurements is expected to be, by Student's t distribution.

import { meanOf, standardErrorOf } from "./mean.ts";

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

/**
 * The t within which (−t to t) Student's distribution has this probability.
 * @param probability in (0, 1).
 * @param degrees of freedom, a whole number from 1 upwards.
 */
export function studentQuantile(probability: number, degrees: number): number {
  let [low, high] = [0, Math.PI / 2];
  // A double has 53 bits: more halvings change nothing.
  for (let halving = 0; halving < 60; halving++) {
    const middle = (low + high) / 2;
    if (probabilityWithin(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return Math.sqrt(degrees) * Math.tan(low);
}

/** P(|T| < t) for t = √degrees · tan(angle); Abramowitz and Stegun 1964, 26.7.3 and 26.7.4. */
function probabilityWithin(angle: number, degrees: number): number {
  const [sine, cosine] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cosine : 1;
  let sum = 0;
  for (let power = isOdd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term;
    term *= (cosine * cosine * (power + 1)) / (power + 2);
  }
  return isOdd ? (2 / Math.PI) * (angle + sine * sum) : sine * sum;
}
