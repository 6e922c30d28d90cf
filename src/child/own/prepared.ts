// What Keras does around an optimizer's step: it adds the gradients of weight penalties, clips the gradients, decays the
// weights, and afterwards applies constraints to them.

import {
  add,
  clipByValue,
  div,
  minimum,
  mul,
  type NamedTensorMap,
  norm,
  sign,
  sqrt,
  square,
  sum,
  type Tensor,
  tidy,
  type Variable,
} from "@tensorflow/tfjs-core";
import { type ChildOptimizer, type LearningRate, type OptimizerState, rateAt } from "../optimizers.ts";
import type { Constraint } from "./constraints.ts";
import type { Penalty } from "./settings.ts";

export interface Preparation {
  /** Keyed by variable name. */
  readonly penalties: ReadonlyMap<string, Penalty>;
  /** Keyed by variable name. */
  readonly constraints: ReadonlyMap<string, Constraint>;
  /** Maximum norm of each variable's gradient; larger gradients are scaled down to it. */
  readonly clipNorm?: number;
  /** Maximum norm of all gradients together. */
  readonly globalClipNorm?: number;
  /** Maximum absolute value of each element of a gradient. */
  readonly clipValue?: number;
  /** Each step reduces a weight by this share of itself, times the learning rate (Loshchilov and Hutter 2019). */
  readonly weightDecay?: number;
  /** Learning rate for the decay. */
  readonly learningRate: LearningRate;
}

export class PreparedOptimizer implements ChildOptimizer {
  readonly #plain: ChildOptimizer;
  readonly #preparation: Preparation;

  constructor(plain: ChildOptimizer, preparation: Preparation) {
    this.#plain = plain;
    this.#preparation = preparation;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { learningRate, weightDecay } = this.#preparation;
    const kept = 1 - rateAt(learningRate, this.state.steps) * (weightDecay ?? 0);
    tidy(() => {
      const trained = variables.filter(({ name }) => gradients[name]);
      const names = trained.map(({ name }) => name);
      const penalized = trained.map((variable) => this.#penalized(variable, gradients[variable.name]));
      const clipped = this.#clipped(penalized);
      if (kept !== 1) for (const variable of trained) variable.assign(mul(variable, kept));
      this.#plain.step(trained, Object.fromEntries(names.map((name, i) => [name, clipped[i]])));
      for (const variable of trained) {
        const constraint = this.#preparation.constraints.get(variable.name);
        if (constraint) variable.assign(constraint(variable));
      }
    });
  }

  get state(): OptimizerState {
    return this.#plain.state;
  }

  dispose(): void {
    this.#plain.dispose();
  }

  #penalized(variable: Variable, gradient: Tensor): Tensor {
    const penalty = this.#preparation.penalties.get(variable.name);
    if (!penalty) return gradient;
    const { l1, l2 } = penalty;
    const squared = l2 > 0 ? add(gradient, mul(variable, 2 * l2)) : gradient;
    return l1 > 0 ? add(squared, mul(sign(variable), l1)) : squared;
  }

  #clipped(gradients: readonly Tensor[]): readonly Tensor[] {
    const { clipNorm, globalClipNorm, clipValue } = this.#preparation;
    const factor = (limit: number, norm: Tensor) => minimum(div(limit, norm), 1);
    if (clipNorm !== undefined) return gradients.map((each) => mul(each, factor(clipNorm, norm(each))));
    if (globalClipNorm !== undefined && gradients.length > 0) {
      // Two at a time: graphics cards add few tensors at once.
      const squares = gradients.map((each) => sum(square(each))).reduce((total, each) => add(total, each));
      const whole = factor(globalClipNorm, sqrt(squares));
      return gradients.map((each) => mul(each, whole));
    }
    if (clipValue === undefined) return gradients;
    return gradients.map((each) => clipByValue(each, -clipValue, clipValue));
  }
}
