// RMSprop (Tieleman and Hinton 2012) with momentum, in the form of TensorFlow.js and of Keras 2.11 and later, with
// epsilon inside the root. The built-in children use the older form; see ../optimizers.ts.

import {
  add,
  div,
  mul,
  type NamedTensorMap,
  sqrt,
  square,
  sub,
  tidy,
  type Variable,
} from "@tensorflow/tfjs-core";
import { Averages, type ChildOptimizer, type LearningRate, OptimizerState, rateAt } from "../optimizers.ts";

export interface RootedRmsPropOptions {
  readonly learningRate: LearningRate;
  /** Weight of past squares in the moving mean, in [0, 1). */
  readonly rho: number;
  /** Weight of past steps, in [0, 1). */
  readonly momentum: number;
  readonly epsilon: number;
}

export class RootedRmsProp implements ChildOptimizer {
  readonly #options: RootedRmsPropOptions;
  readonly #meanSquares = new Averages();
  readonly #velocities = new Averages();
  readonly state = new OptimizerState({ meanSquare: this.#meanSquares, velocity: this.#velocities });

  constructor(options: RootedRmsPropOptions) {
    this.#options = options;
  }

  /**
   * meanSquare ← rho · meanSquare + (1 − rho) · gradient²;
   * velocity ← momentum · velocity + learningRate · gradient / √(meanSquare + epsilon);
   * variable ← variable − velocity.
   */
  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { rho, momentum, epsilon } = this.#options;
    const learningRate = rateAt(this.#options.learningRate, this.state.steps++);
    for (const variable of variables) {
      const gradient = gradients[variable.name];
      if (!gradient) continue;
      tidy(() => {
        const meanSquare = this.#meanSquares.of(variable);
        meanSquare.assign(add(mul(meanSquare, rho), mul(square(gradient), 1 - rho)));
        const change = div(mul(gradient, learningRate), sqrt(add(meanSquare, epsilon)));
        if (momentum === 0) {
          variable.assign(sub(variable, change));
          return;
        }
        const velocity = this.#velocities.of(variable);
        velocity.assign(add(mul(velocity, momentum), change));
        variable.assign(sub(variable, velocity));
      });
    }
  }

  dispose(): void {
    this.state.dispose();
  }
}
