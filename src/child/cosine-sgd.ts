// The usual training of Wide ResNets (Zagoruyko and Komodakis 2016) with a learning rate that falls by a cosine (Loshchilov
// and Hutter 2017, "SGDR"): gradient descent with Nesterov momentum, weight decay on all weights, and a warm-up.

import { add, mul, type NamedTensorMap, tidy, type Variable } from "@tensorflow/tfjs-core";
import type { Engine } from "../engine/types.ts";
import { type ChildOptimizer, type OptimizerState, Sgd } from "./optimizers.ts";

export interface CosineSgdOptions {
  /** The highest one, at the end of the warm-up. */
  readonly learningRate: number;
  /** In [0, 1). */
  readonly momentum: number;
  /** This share of each weight is added to its gradient. */
  readonly weightDecay: number;
  /** Of the whole training; the learning rate of the last one is nearly zero. */
  readonly steps: number;
  /** Steps in which the learning rate rises linearly. */
  readonly warmupSteps: number;
}

/** The learning rate of a step, which counts from 0. */
export function cosineRate(
  { learningRate, steps, warmupSteps }: Pick<CosineSgdOptions, "learningRate" | "steps" | "warmupSteps">,
  step: number,
): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const share = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return (learningRate * (1 + Math.cos(Math.PI * share))) / 2;
}

export class CosineSgd implements ChildOptimizer {
  readonly #sgd: Sgd;
  readonly #weightDecay: number;

  constructor(engine: Engine, options: CosineSgdOptions) {
    const { momentum, weightDecay } = options;
    const learningRate = (step: number) => cosineRate(options, step);
    this.#sgd = new Sgd(engine, { learningRate, momentum, isNesterov: true });
    this.#weightDecay = weightDecay;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    if (this.#weightDecay === 0) {
      this.#sgd.step(variables, gradients);
      return;
    }
    tidy(() => {
      const decayed: NamedTensorMap = {};
      for (const variable of variables) {
        const gradient = gradients[variable.name];
        if (gradient) decayed[variable.name] = add(gradient, mul(variable, this.#weightDecay));
      }
      this.#sgd.step(variables, decayed);
    });
  }

  get state(): OptimizerState {
    return this.#sgd.state;
  }

  dispose(): void {
    this.#sgd.dispose();
  }
}
