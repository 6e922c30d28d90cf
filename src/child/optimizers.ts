// The children's optimizers, as Keras defines them; TensorFlow.js's own differ in where epsilon stands.

import {
  add,
  addN,
  div,
  minimum,
  mul,
  type NamedTensorMap,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  type Variable,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { Engine } from "../engine/engine.ts";

/** Changes the variables by their gradients, step after step. */
export interface ChildOptimizer {
  /** `gradients` by variable name; variables without one stay. */
  step(variables: readonly Variable[], gradients: NamedTensorMap): void;
  dispose(): void;
}

export interface RmsPropOptions {
  readonly learningRate: number;
  /** The learning rate of step t (from 0) is learningRate / (1 + decay · t). */
  readonly decay: number;
  readonly rho: number;
  readonly epsilon: number;
}

/** RMSprop (Tieleman and Hinton 2012) in Keras's form: epsilon is added to the root. */
export class RmsProp implements ChildOptimizer {
  readonly #engine: Engine;
  readonly #options: RmsPropOptions;
  readonly #meanSquares = new Averages();
  #steps = 0;

  constructor(engine: Engine, options: RmsPropOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { learningRate, decay, rho, epsilon } = this.#options;
    const settings = { learningRate: learningRate / (1 + decay * this.#steps), rho, epsilon };
    for (const variable of variables) {
      const gradient = gradients[variable.name];
      if (gradient) this.#engine.rmsProp(variable, this.#meanSquares.of(variable), gradient, settings);
    }
    this.#steps++;
  }

  dispose(): void {
    this.#meanSquares.dispose();
  }
}

export interface AdamOptions {
  readonly learningRate: number;
  /** Weight of the past in the moving mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Weight of the past in the moving mean of their squares, in [0, 1). */
  readonly beta2: number;
  readonly epsilon: number;
  /** Where the gradients of all variables together have a larger Euclidean norm, they are scaled down to this one. */
  readonly clipNorm: number;
}

/**
 * Adam (Kingma and Ba 2015) in Keras 2's form: epsilon is added to the root of the moving mean, which is not yet corrected
 * for its beginning at 0; clipping goes by the norm over all variables, as Keras did when the original used it.
 */
export class Adam implements ChildOptimizer {
  readonly #options: AdamOptions;
  readonly #means = new Averages();
  readonly #meanSquares = new Averages();
  #steps = 0;

  constructor(options: AdamOptions) {
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { learningRate, beta1, beta2, epsilon, clipNorm } = this.#options;
    this.#steps++;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** this.#steps)) / (1 - beta1 ** this.#steps);
    const trained = variables.filter(({ name }) => gradients[name]);
    tidy(() => {
      const norm = sqrt(addN(trained.map(({ name }) => sum(square(gradients[name])))));
      const scale = minimum(1, div(clipNorm, norm));
      for (const variable of trained) {
        const mean = this.#means.of(variable);
        const meanSquare = this.#meanSquares.of(variable);
        tidy(() => {
          const gradient = mul(gradients[variable.name], scale);
          mean.assign(average(mean, gradient, beta1));
          meanSquare.assign(average(meanSquare, square(gradient), beta2));
          variable.assign(sub(variable, div(mul(mean, rate), add(sqrt(meanSquare), epsilon))));
        });
      }
    });
  }

  dispose(): void {
    this.#means.dispose();
    this.#meanSquares.dispose();
  }
}

/** A moving average for each variable, from 0. */
class Averages {
  readonly #byName = new Map<string, Variable>();

  of(variable: Variable): Variable {
    const known = this.#byName.get(variable.name);
    if (known) return known;
    const created = tidy(() => zerosLike(variable).variable(false));
    this.#byName.set(variable.name, created);
    return created;
  }

  dispose(): void {
    for (const average of this.#byName.values()) average.dispose();
    this.#byName.clear();
  }
}

function average(past: Tensor, present: Tensor, weightOfPast: number): Tensor {
  return add(mul(past, weightOfPast), mul(present, 1 - weightOfPast));
}
