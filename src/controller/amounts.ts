// The terms of real numbers that have strengths, in an additive model: families of techniques, with their amounts and the
// magnitudes of their techniques. An amount has an effect in proportion to it, as a function of its strength and of itself, in
// the form of features.ts; every two amounts have a joint effect, since there can be too much in all, and so have an amount and
// each choice of an unscaled category (the base). At an amount of 0 there is no effect.

import { type Dimension, isUnscaled, type Point } from "./controller.ts";

/** Prior variances: of a family's terms in proportion to its amount, and of all joint effects together. */
const PRIOR = { constant: 1, strength: 0.25, amount: 0.25, joint: 0.3 };

interface Amount {
  readonly index: number;
  readonly strength: number;
  readonly first: number;
}

interface Joint {
  readonly amount: number;
  /** Index of the other amount, or of a category. */
  readonly other: number;
  readonly isCategory: boolean;
  readonly first: number;
}

/** Terms of an amount on its own. */
const TERMS = 5;

export class AmountTerms {
  /** How many of them are not 0 at a point. */
  readonly perPoint: number;
  readonly #dimensions: readonly Dimension[];
  readonly #amounts: readonly Amount[];
  readonly #joints: readonly Joint[];

  /**
   * @param parts how many effects share the prior variance.
   * @param priors the prior variances of the terms before these, to which those of these are added.
   */
  constructor(dimensions: readonly Dimension[], parts: number, priors: number[]) {
    this.#dimensions = dimensions;
    const amounts = dimensions.flatMap((dimension, index) => {
      const strength = strengthOf(dimensions, dimension);
      return strength < 0 ? [] : [{ index, strength }];
    });
    const bases = [...dimensions.keys()].filter((index) => isUnscaled(dimensions[index]));
    this.#amounts = amounts.map((amount) => {
      const first = priors.length;
      const { constant, strength, amount: own } = PRIOR;
      priors.push(...[constant, strength, strength, own, own].map((variance) => variance / parts));
      return { ...amount, first };
    });
    const joints = amounts.flatMap(({ index: amount }, place) => [
      ...amounts.slice(place + 1).map(({ index: other }) => ({ amount, other, isCategory: false })),
      ...bases.map((other) => ({ amount, other, isCategory: true })),
    ]);
    this.#joints = joints.map((joint) => {
      const first = priors.length;
      const dimension = dimensions[joint.other];
      const choices = dimension.kind === "category" ? dimension.choices : 1;
      for (let choice = 0; choice < choices; choice++) priors.push(PRIOR.joint / joints.length);
      return { ...joint, first };
    });
    this.perPoint = TERMS * amounts.length + joints.length;
  }

  /** Writes the terms of a point at `next` and after it. */
  write(point: Point, indices: Int32Array, values: Float64Array, next: number): void {
    let place = next;
    const set = (index: number, value: number) => {
      indices[place] = index;
      values[place++] = value;
    };
    for (const { index, strength, first } of this.#amounts) {
      const amount = this.#unit(point, index);
      set(first, amount);
      for (const [i, real] of [strength, index].entries()) {
        const angle = Math.PI * (this.#unit(point, real) - 0.5);
        set(first + 1 + 2 * i, amount * Math.SQRT2 * Math.sin(angle));
        set(first + 2 + 2 * i, amount * Math.SQRT2 * Math.cos(angle));
      }
    }
    for (const { amount, other, isCategory, first } of this.#joints) {
      const value = this.#unit(point, amount);
      if (isCategory) set(first + point[other], value);
      else set(first, value * this.#unit(point, other));
    }
  }

  /** A real coordinate as a share of its range. */
  #unit(point: Point, index: number): number {
    const dimension = this.#dimensions[index];
    if (dimension.kind === "category") return 0;
    return (point[index] - dimension.low) / (dimension.high - dimension.low);
  }
}

/** Whether it is a real number with a strength. */
export function isAmount(dimensions: readonly Dimension[], dimension: Dimension): boolean {
  return strengthOf(dimensions, dimension) >= 0;
}

function strengthOf(dimensions: readonly Dimension[], { kind, name }: Dimension): number {
  if (kind === "category") return -1;
  return dimensions.findIndex((other) => other.kind === "real" && other.strengthOf === name);
}
