// The child models by name, and the user's own by path.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import { nearest, UsageError } from "../common/errors.ts";
import { memoryLimit } from "../common/memory.ts";
import { onOutline } from "../engine/outline.ts";
import type { Engine } from "../engine/types.ts";
import { BASIC_CNN_SMALLEST_SIDE, buildBasicCnn } from "./models/basic-cnn.ts";
import { buildInceptionV3, INCEPTION_V3_SMALLEST_SIDE } from "./models/inception-v3.ts";
import { buildMobilenetV2, MOBILENET_V2_SMALLEST_SIDE } from "./models/mobilenet-v2.ts";
import {
  buildWideResnet,
  countFilterWeights,
  parseWideResnet,
  WIDE_RESNET_SMALLEST_SIDE,
} from "./models/wide-resnet.ts";
import type { ChildOptimizer } from "./optimizers.ts";
import { buildOwnModel, checkOwnFile, ownSmallestSide } from "./own/build.ts";

export interface ModelOptions {
  /** Of the images, in pixels. */
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** Decides the weights and the dropout masks. */
  readonly seed: number;
  readonly engine: Engine;
  /** For a model that is only looked at: weights are 0, which takes no time. */
  readonly isOutline?: boolean;
  /** Of the user's own model: whether a last layer for another number of classes may be replaced. */
  readonly replaceHead?: boolean;
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
  /** What it is, in a line. */
  readonly about: string;
  /** Of the images that it takes, in pixels. */
  readonly smallestSide: number;
  /** It has at least so many; left out where any machine has memory for them. */
  readonly weights?: number;
  readonly build: (options: ModelOptions) => ChildModel;
}

/** Those of one fixed shape; Wide ResNets are known by their names' form. */
const MODELS: Record<string, ModelDefinition> = {
  basiccnn: {
    about: "the original DeepAugment's: four convolutions and a dense layer, with much dropout",
    smallestSide: BASIC_CNN_SMALLEST_SIDE,
    build: buildBasicCnn,
  },
  mobilenetv2: {
    about: "MobileNetV2 of width 1.0 (Sandler et al. 2018)",
    smallestSide: MOBILENET_V2_SMALLEST_SIDE,
    build: buildMobilenetV2,
  },
  inceptionv3: {
    about: "InceptionV3 (Szegedy et al. 2016)",
    smallestSide: INCEPTION_V3_SMALLEST_SIDE,
    build: buildInceptionV3,
  },
};

/** Those that are told of where nobody asks for one by name. */
export const LISTED_MODELS: readonly string[] = [
  "basiccnn",
  "wrn_10_1",
  "wrn_16_2",
  "wrn_28_10",
  "mobilenetv2",
  "inceptionv3",
];

/** Of float32: a weight, its gradient, and two moving averages of the optimizer's. */
const BYTES_A_WEIGHT = 16;

/**
 * Checks that there is such a model, that it takes images of this size, and that there is memory for its weights; of the
 * user's own model also that its layers and its optimizer are known. A size that is not known yet is left out.
 * @throws UsageError naming the key to change.
 */
export function checkModel(name: string, height?: number, width?: number): void {
  if (isPath(name)) {
    checkOwnFile(name, height, width);
    return;
  }
  const { smallestSide, weights = 0 } = definitionOf(name);
  if (height !== undefined && width !== undefined && Math.min(height, width) < smallestSide) {
    throw new UsageError(
      `model ${name} needs images of at least ${smallestSide} × ${smallestSide} pixels, these have ${width} × ${height}; set image_size to ${smallestSide} or more`,
    );
  }
  checkMemory(name, weights);
}

/**
 * Checks of the user's own model, by putting it together, that it takes such images to so many classes, and that there is
 * memory for its weights. Any other model that `checkModel` takes does.
 * @throws UsageError
 */
export async function checkFit(
  name: string,
  images: Pick<ModelOptions, "height" | "width" | "classes" | "replaceHead">,
): Promise<void> {
  if (!isPath(name)) return;
  const weights = await onOutline((engine) => {
    const { net, optimizer } = buildModel(name, { ...images, seed: 0, engine, isOutline: true });
    const count = net.countParams();
    net.dispose();
    optimizer.dispose();
    return count;
  });
  checkMemory(name, weights);
}

function checkMemory(name: string, weights: number): void {
  const gigabytes = (bytes: number) => `${Math.round(bytes / 1e9).toLocaleString("en")} GB`;
  if (weights * BYTES_A_WEIGHT > memoryLimit()) {
    throw new UsageError(
      `model ${name} has over ${Math.floor(weights / 1e6).toLocaleString("en")} million weights, which take ${gigabytes(weights * BYTES_A_WEIGHT)} of memory to train, and there are ${gigabytes(memoryLimit())}; use a smaller model`,
    );
  }
}

/** Whether it is the path of the user's own model, and no name. */
export function isPath(name: string): boolean {
  return /[\\/]|\.(json|keras|h5|hdf5)$/i.test(name);
}

/** What is known of a model before it is built. @throws UsageError for an unknown name. */
export function lookUpModel(name: string): Pick<ModelDefinition, "about" | "smallestSide"> {
  return definitionOf(name);
}

/** Builds the model with weights drawn anew from the seed. @throws UsageError for what `checkModel` refuses. */
export function buildModel(name: string, options: ModelOptions): ChildModel {
  return definitionOf(name).build(options);
}

function definitionOf(name: string): ModelDefinition {
  if (isPath(name)) {
    const smallestSide = ownSmallestSide(name);
    return { about: "your own model", smallestSide, build: (options) => buildOwnModel(name, options) };
  }
  const known = name.toLowerCase();
  if (Object.hasOwn(MODELS, known)) return MODELS[known];
  const shape = parseWideResnet(known);
  if (shape) {
    const { depth, width } = shape;
    return {
      about: `Wide ResNet of depth ${depth} and width ${width} (Zagoruyko and Komodakis 2016)`,
      smallestSide: WIDE_RESNET_SMALLEST_SIDE,
      weights: countFilterWeights(shape),
      build: (options) => buildWideResnet(shape, options),
    };
  }
  const suggestion = nearest(name, Object.keys(MODELS));
  throw new UsageError(
    `unknown model "${name}" (key model); ${suggestion ? `did you mean "${suggestion}"?` : `known: ${[...Object.keys(MODELS), "wrn_<depth>_<width>", "the path of a model.json or .keras"].join(", ")}`}`,
  );
}
