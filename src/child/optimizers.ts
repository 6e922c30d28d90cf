// The children's optimizers, as Keras defines them; TensorFlow.js's own differ in where epsilon stands.

import { type NamedTensorMap, tidy, type Variable, zerosLike } from "@tensorflow/tfjs-core";
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
  readonly #meanSquares = new Map<string, Variable>();
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
      if (gradient) this.#engine.rmsProp(variable, this.#meanSquareOf(variable), gradient, settings);
    }
    this.#steps++;
  }

  dispose(): void {
    for (const variable of this.#meanSquares.values()) variable.dispose();
    this.#meanSquares.clear();
  }

  #meanSquareOf(variable: Variable): Variable {
    const known = this.#meanSquares.get(variable.name);
    if (known) return known;
    const created = tidy(() => zerosLike(variable).variable(false));
    this.#meanSquares.set(variable.name, created);
    return created;
  }
}
