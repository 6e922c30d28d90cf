// Describes child models and their costs without training them.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import { checkModel, inspectModel, lookUpModel } from "./model.ts";
import { multiplyAdds } from "./multiply-adds.ts";

export interface ModelFacts {
  readonly model: string;
  readonly about: string;
  /** Side in pixels of the smallest square image that the model accepts. */
  readonly smallestImageSize: number;
  readonly imageSize: number;
  readonly classes: number;
  /** This and the following are null if the images are too small for the model. */
  readonly parameters: number | null;
  /** Parameters that gradients change; the others are the moving moments of batch normalization. */
  readonly trainedParameters: number | null;
  /** Per image, forward pass. */
  readonly multiplyAdds: number | null;
  /** Per image in a training step, forward and backward pass. */
  readonly trainingMultiplyAdds: number | null;
}

/**
 * Facts about the named models for square images of side `imageSize`, in the order of `names`. Draws no weights.
 * @throws UsageError for an unknown name or a model that needs more memory than this machine has.
 */
export async function modelFacts(
  names: readonly string[],
  imageSize: number,
  classes: number,
): Promise<ModelFacts[]> {
  const facts: ModelFacts[] = [];
  for (const model of names) {
    const { about, smallestSide } = lookUpModel(model);
    const costs = imageSize < smallestSide ? NO_COSTS : await costsOf(model, imageSize, classes);
    facts.push({ model, about, smallestImageSize: smallestSide, imageSize, classes, ...costs });
  }
  return facts;
}

type Costs = Pick<ModelFacts, "parameters" | "trainedParameters" | "multiplyAdds" | "trainingMultiplyAdds">;

const NO_COSTS: Costs = {
  parameters: null,
  trainedParameters: null,
  multiplyAdds: null,
  trainingMultiplyAdds: null,
};

function costsOf(name: string, side: number, classes: number): Promise<Costs> {
  checkModel(name, side, side);
  const images = { height: side, width: side, classes, replaceHead: true };
  return inspectModel(name, images, ({ net }) => {
    const { forward, training } = multiplyAdds(net);
    return {
      parameters: count(net.weights),
      trainedParameters: count(net.trainableWeights),
      multiplyAdds: forward,
      trainingMultiplyAdds: training,
    };
  });
}

function count(weights: LayersModel["weights"]): number {
  return weights.reduce((sum, { shape }) => sum + shape.reduce<number>((size, n) => size * (n ?? 1), 1), 0);
}
