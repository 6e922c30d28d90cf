// Checks, builds and inspects child models: those of the registry by name, and the user's own by path.

import type { LayersModel } from "@tensorflow/tfjs-layers";
import { UsageError } from "../common/errors.ts";
import { memoryLimit } from "../common/memory.ts";
import { onShapeBackend } from "../engine/shape-backend.ts";
import type { ModelInspection } from "../engine/types.ts";
import { findModel } from "./models/registry.ts";
import { buildOwnModel, checkOwnFile, ownSmallestSide } from "./own/build.ts";
import type { ChildModel, ModelDefinition, ModelImages, ModelOptions } from "./types.ts";

/** Four float32 numbers: a weight, its gradient, and two moving averages of the optimizer. */
const BYTES_A_WEIGHT = 16;

/**
 * Checks that there is such a model, that it takes images of this size, and that there is memory for its weights; of the
 * user's own model also that its layers and its optimizer are supported. Leave out a size that is not known yet.
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
 * Checks, by building it on the backend of shapes, that the user's own model takes such images and classes, and that there
 * is memory for its weights. Any other model that `checkModel` accepts does.
 * @throws UsageError
 */
export async function checkFit(name: string, images: ModelImages): Promise<void> {
  if (!isPath(name)) return;
  checkMemory(name, await inspectModel(name, images, ({ net }) => net.countParams()));
}

function checkMemory(name: string, weights: number): void {
  const gigabytes = (bytes: number) => `${Math.round(bytes / 1e9).toLocaleString("en")} GB`;
  if (weights * BYTES_A_WEIGHT > memoryLimit()) {
    throw new UsageError(
      `model ${name} has over ${Math.floor(weights / 1e6).toLocaleString("en")} million weights, which take ${gigabytes(weights * BYTES_A_WEIGHT)} of memory to train, but only ${gigabytes(memoryLimit())} are available; use a smaller model`,
    );
  }
}

/** Whether it is the path of the user's own model, not a name. */
export function isPath(name: string): boolean {
  return /[\\/]|\.(json|keras|h5|hdf5)$/i.test(name);
}

/** What is known of a model before it is built. @throws UsageError for an unknown name. */
export function lookUpModel(name: string): Pick<ModelDefinition, "about" | "smallestSide"> {
  return definitionOf(name);
}

/** Side in pixels of the only images that the user's own model takes; undefined for a model that takes others too. */
export function fixedSide(name: string): number | undefined {
  if (!isPath(name)) return undefined;
  const side = ownSmallestSide(name);
  return side > 1 ? side : undefined;
}

/** Builds the model with weights drawn anew from the seed. @throws UsageError for what `checkModel` refuses. */
export function buildModel(name: string, options: ModelOptions): ChildModel {
  return definitionOf(name).build(options);
}

/**
 * Builds the model on the backend of shapes, without values, for `inspect` alone.
 * @throws UsageError for what `checkModel` or `checkFit` refuses.
 */
export function inspectModel<Result>(
  name: string,
  images: ModelImages,
  inspect: (model: ChildModel) => Result,
): Promise<Result> {
  return onShapeBackend((engine) => {
    const model = buildModel(name, { ...images, seed: 0, engine, isShapeOnly: true });
    try {
      return inspect(model);
    } finally {
      model.net.dispose();
      model.optimizer.dispose();
    }
  });
}

/** How an engine may inspect this model. */
export function inspectionOf(name: string, images: ModelImages): ModelInspection {
  return <Result>(inspect: (net: LayersModel) => Result) =>
    inspectModel(name, images, ({ net }) => inspect(net));
}

function definitionOf(name: string): ModelDefinition {
  if (!isPath(name)) return findModel(name);
  return {
    name,
    about: "your own model",
    smallestSide: ownSmallestSide(name),
    build: (options) => buildOwnModel(name, options),
  };
}
