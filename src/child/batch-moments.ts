// The moving moments of batch normalisation for weights that were never trained as they are, such as averaged ones
// (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization").

import type { Variable } from "@tensorflow/tfjs-core";
import type { LayersModel, layers } from "@tensorflow/tfjs-layers";
import { OptimizerState } from "./optimizers.ts";
import type { ChildSteps } from "./pass.ts";
import { stepsOf } from "./steps.ts";
import type { ChildModel } from "./types.ts";
import { assignValues } from "./weights.ts";

/** Whether a model has moments to measure. */
export function hasMoments(net: LayersModel): boolean {
  return normalizations(net).length > 0;
}

/**
 * Measures the moments anew: the mean over some training steps, the later ones weighted more as the layer's momentum says,
 * without a change of the weights.
 * @param pass runs the steps and returns their number, at least 1.
 */
export async function measureMoments(
  model: ChildModel,
  { batchSize, classes }: { readonly batchSize: number; readonly classes: number },
  pass: (steps: ChildSteps) => Promise<number>,
): Promise<void> {
  const moments = normalizations(model.net).flatMap((layer) => {
    const momentum = layer.getConfig().momentum as number;
    return movingMoments(layer).map((variable) => ({ variable, momentum }));
  });
  for (const { variable } of moments) assignValues(variable, new Float32Array(variable.size));
  const optimizer = { step: () => {}, state: new OptimizerState({}), dispose: () => {} };
  const steps = stepsOf({ ...model, optimizer }, batchSize, classes);
  let count: number;
  try {
    count = await pass(steps);
  } finally {
    steps.dispose();
  }
  // A moving average that begins at 0 has this share of its final weight.
  for (const { variable, momentum } of moments) {
    const share = 1 - momentum ** count;
    assignValues(
      variable,
      Float32Array.from(await variable.data()).map((value) => value / share),
    );
  }
}

function normalizations(net: LayersModel): layers.Layer[] {
  return net.layers.filter((layer) => layer.getClassName() === "BatchNormalization");
}

function movingMoments(layer: layers.Layer): Variable[] {
  return layer.weights
    .filter(({ originalName }) => /moving_(mean|variance)$/.test(originalName))
    .map((weight) => weight.read() as Variable);
}
