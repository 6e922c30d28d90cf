// An engine's extra passes, composed of TensorFlow.js operations: right on every backend.

import { add, div, mul, sqrt, square, sub, type Tensor, tidy, type Variable } from "@tensorflow/tfjs-core";
import type { RmsPropSettings } from "./engine.ts";

/** See Engine.rmsProp. */
export function composedRmsProp(
  variable: Variable,
  meanSquare: Variable,
  gradient: Tensor,
  settings: RmsPropSettings,
): void {
  const { learningRate, rho, epsilon } = settings;
  tidy(() => {
    meanSquare.assign(add(mul(meanSquare, rho), mul(square(gradient), 1 - rho)));
    variable.assign(sub(variable, div(mul(gradient, learningRate), add(sqrt(meanSquare), epsilon))));
  });
}
