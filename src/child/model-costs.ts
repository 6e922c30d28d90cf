// Describes child models and their costs without training them.

import { onOutline } from "../engine/outline.ts";
import type { Engine } from "../engine/types.ts";
import { buildModel, checkModel, lookUpModel } from "./model.ts";
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
export function modelFacts(
  names: readonly string[],
  imageSize: number,
  classes: number,
): Promise<ModelFacts[]> {
  return onOutline((engine) =>
    names.map((model) => {
      const { about, smallestSide } = lookUpModel(model);
      const costs = imageSize < smallestSide ? NO_COSTS : costsOf(model, imageSize, classes, engine);
      return { model, about, smallestImageSize: smallestSide, imageSize, classes, ...costs };
    }),
  );
}

type Costs = Pick<ModelFacts, "parameters" | "trainedParameters" | "multiplyAdds" | "trainingMultiplyAdds">;

const NO_COSTS: Costs = {
  parameters: null,
  trainedParameters: null,
  multiplyAdds: null,
  trainingMultiplyAdds: null,
};

function costsOf(name: string, side: number, classes: number, engine: Engine): Costs {
  checkModel(name, side, side);
  const images = { height: side, width: side, classes, replaceHead: true };
  const options = { ...images, seed: 0, engine, isOutline: true };
  const { net, optimizer } = buildModel(name, options);
  const { forward, training } = multiplyAdds(net);
  const count = (weights: typeof net.weights) =>
    weights.reduce((sum, { shape }) => sum + shape.reduce<number>((size, n) => size * (n ?? 1), 1), 0);
  const costs = {
    parameters: count(net.weights),
    trainedParameters: count(net.trainableWeights),
    multiplyAdds: forward,
    trainingMultiplyAdds: training,
  };
  net.dispose();
  optimizer.dispose();
  return costs;
}
