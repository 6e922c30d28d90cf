// The optimizers' steps composed of TensorFlow.js operations: correct on every backend.

import {
  add,
  addN,
  div,
  minimum,
  mul,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tidy,
  type Variable,
} from "@tensorflow/tfjs-core";
import type { Optimizers } from "./optimizers.ts";

export const composedOptimizers: Optimizers = {
  sgd(trained, { learningRate, momentum, isNesterov }) {
    for (const { variable, gradient, velocity } of trained) {
      tidy(() => {
        const descent = mul(gradient, -learningRate);
        velocity?.assign(add(mul(velocity, momentum), descent));
        if (!velocity) variable.assign(add(variable, descent));
        else if (isNesterov) variable.assign(add(variable, add(mul(velocity, momentum), descent)));
        else variable.assign(add(variable, velocity));
      });
    }
  },

  rmsProp(trained, { learningRate, rho, epsilon }) {
    for (const { variable, gradient, meanSquare } of trained) {
      tidy(() => {
        moveAverage(meanSquare, square(gradient), rho);
        variable.assign(sub(variable, div(mul(gradient, learningRate), add(sqrt(meanSquare), epsilon))));
      });
    }
  },

  adam(trained, { learningRate, beta1, beta2, epsilon, clipNorm }) {
    tidy(() => {
      const norm = sqrt(addN(trained.map(({ gradient }) => sum(square(gradient)))));
      // In this order: if one of the two is NaN, the wasm backend returns the first.
      const factor = minimum(div(clipNorm, norm), 1);
      for (const { variable, gradient, mean, meanSquare } of trained) {
        tidy(() => {
          const clipped = mul(gradient, factor);
          moveAverage(mean, clipped, beta1);
          moveAverage(meanSquare, square(clipped), beta2);
          variable.assign(sub(variable, div(mul(mean, learningRate), add(sqrt(meanSquare), epsilon))));
        });
      }
    });
  },
};

function moveAverage(average: Variable, present: Tensor, weightOfPast: number): void {
  average.assign(add(mul(average, weightOfPast), mul(present, 1 - weightOfPast)));
}
