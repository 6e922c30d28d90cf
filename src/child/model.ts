// The child models by name.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import { nearest, UsageError } from "../common/errors.ts";
import { memoryLimit } from "../common/memory.ts";
import type { Engine } from "../engine/engine.ts";
import { BASIC_CNN_SMALLEST_SIDE, buildBasicCnn } from "./basic-cnn.ts";
import type { ChildOptimizer } from "./optimizers.ts";
import {
  buildWideResnet,
  countFilterWeights,
  parseWideResnet,
  WIDE_RESNET_SMALLEST_SIDE,
} from "./wide-resnet.ts";

export interface ModelOptions {
  /** Of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** Decides the weights and the dropout masks. */
  readonly seed: number;
  readonly engine: Engine;
}

/** A fresh child, ready to be trained once. */
export interface ChildModel {
  /** Pixels in [0, 1], [batch, height, width, 3], to logits [batch, classes]. */
  readonly net: LayersModel;
  readonly optimizer: ChildOptimizer;
  /** What it is trained on. */
  readonly engine: Engine;
}

interface ModelDefinition {
  readonly smallestSide: number;
  /** It has at least so many; left out where any machine has memory for them. */
  readonly weights?: number;
  readonly build: (options: ModelOptions) => ChildModel;
}

/** Those of one fixed shape; Wide ResNets are known by their names' form. */
const MODELS: Record<string, ModelDefinition> = {
  basiccnn: { smallestSide: BASIC_CNN_SMALLEST_SIDE, build: buildBasicCnn },
};

/** Of float32: a weight, its gradient, and two moving averages of the optimizer's. */
const BYTES_A_WEIGHT = 16;

/**
 * Checks that there is such a model, that it takes images of this size, and that there is memory for its weights.
 * @throws UsageError naming the key to change.
 */
export function checkModel(name: string, height: number, width: number): void {
  const { smallestSide, weights = 0 } = definitionOf(name);
  if (Math.min(height, width) < smallestSide) {
    throw new UsageError(
      `model ${name} needs images of at least ${smallestSide} × ${smallestSide} pixels, these have ${width} × ${height}; set image_size to ${smallestSide} or more`,
    );
  }
  const gigabytes = (bytes: number) => `${Math.round(bytes / 1e9).toLocaleString("en")} GB`;
  if (weights * BYTES_A_WEIGHT > memoryLimit()) {
    throw new UsageError(
      `model ${name} has over ${Math.floor(weights / 1e6).toLocaleString("en")} million weights, which take ${gigabytes(weights * BYTES_A_WEIGHT)} of memory to train, and there are ${gigabytes(memoryLimit())}; use a smaller model`,
    );
  }
}

/** Builds the model with weights drawn anew from the seed. @throws UsageError for an unknown name. */
export function buildModel(name: string, options: ModelOptions): ChildModel {
  return definitionOf(name).build(options);
}

function definitionOf(name: string): ModelDefinition {
  const known = name.toLowerCase();
  if (Object.hasOwn(MODELS, known)) return MODELS[known];
  const shape = parseWideResnet(known);
  if (shape) {
    return {
      smallestSide: WIDE_RESNET_SMALLEST_SIDE,
      weights: countFilterWeights(shape),
      build: (options) => buildWideResnet(shape, options),
    };
  }
  const suggestion = nearest(name, Object.keys(MODELS));
  throw new UsageError(
    `unknown model "${name}" (key model); ${suggestion ? `did you mean "${suggestion}"?` : `known: ${[...Object.keys(MODELS), "wrn_<depth>_<width>"].join(", ")}`}`,
  );
}
