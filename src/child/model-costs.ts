// What a child model is and what it costs, without training it.

import { onOutline } from "../engine/outline.ts";
import type { Engine } from "../engine/types.ts";
import { buildModel, checkModel, lookUpModel } from "./model.ts";
import { multiplyAdds } from "./multiply-adds.ts";

export interface ModelFacts {
  readonly model: string;
  readonly about: string;
  /** Pixels of the smallest square image that it takes. */
  readonly smallestImageSize: number;
  readonly imageSize: number;
  readonly classes: number;
  /** Null, as what follows, where the images are too small for it. */
  readonly parameters: number | null;
  /** Those that gradients change; the others are batch normalisation's moving moments. */
  readonly trainedParameters: number | null;
  /** Of an image, forward. */
  readonly multiplyAdds: number | null;
  /** Of an image in a training step, forward and back. */
  readonly trainingMultiplyAdds: number | null;
}

/**
 * Facts of these models for square images of this size, in their order. No weight is drawn for them.
 * @throws UsageError for a name that is none, and for a model that this machine has no memory for.
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
