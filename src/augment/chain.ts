// Applies a chain to images: all operations' parameters are drawn first, then the operations are rendered in order. All
// draws for an image under a chain come from one stream, keyed by (seed, image index, chain index) alone, so the result
// does not depend on order, batch size or number of workers.

import { Random } from "../common/random.ts";
import { createBatch, type ImageBatch, imageAt } from "../image/batch.ts";
import type { Chain, Operation, Policy } from "../policy/policy.ts";
import { closeCanvas, openCanvas } from "./kernels.ts";
import { type DrawnName, RENDERERS } from "./operations.ts";
import { REGISTRY } from "./registry.ts";
import type { DrawnParameters, DrawShape, Shape } from "./technique.ts";

/** An operation with the parameters drawn for one image: plain JSON. */
export interface DrawnOperation {
  /** A technique, or an operation that only recipes draw. */
  readonly type: DrawnName;
  readonly parameters: DrawnParameters;
}

/** @throws RangeError if the magnitude is outside [0, 1]. */
function drawOperation({ type, magnitude }: Operation, shape: DrawShape, random: Random): DrawnOperation {
  if (!(magnitude >= 0 && magnitude <= 1)) {
    throw new RangeError(`the magnitude of ${type} must be in [0, 1], but is ${magnitude}`);
  }
  return { type, parameters: REGISTRY[type].draw(magnitude, shape, random) };
}

/**
 * Parameters of every operation for one image, in the chain's order.
 * @param magnitudes drawn: of each operation, from 0 to its own. Unless given, they are as they are.
 * @throws RangeError if a magnitude is outside [0, 1].
 */
export function drawChain(
  chain: Chain,
  shape: DrawShape,
  random: Random,
  magnitudes?: Policy["magnitudes"],
): DrawnOperation[] {
  return chain.map(({ type, magnitude }) => {
    const drawn = magnitudes === "drawn" ? random.uniform(0, magnitude) : magnitude;
    return drawOperation({ type, magnitude: drawn }, shape, random);
  });
}

/**
 * Applies all drawn operations to `source` and writes the result to `target`, both [height, width, 3].
 * @throws RangeError if an array's length is not height x width x 3; RunError if there is not enough memory.
 */
export function renderChainInto(
  source: Uint8Array,
  target: Uint8Array,
  shape: Shape,
  drawn: readonly DrawnOperation[],
): void {
  const size = shape.height * shape.width * 3;
  if (source.length !== size || target.length !== size) {
    throw new RangeError(
      `an image of ${shape.height} x ${shape.width} has ${size} values, but ${source.length} are given for ${target.length}`,
    );
  }
  const rendered = drawn.filter(({ type, parameters }) => !RENDERERS[type].isIdentity?.(parameters));
  if (rendered.length === 0) {
    target.set(source);
    return;
  }
  const workBytes = rendered.map(
    ({ type, parameters }) => RENDERERS[type].workBytes?.(shape, parameters) ?? 0,
  );
  let canvas = openCanvas(shape, Math.max(...workBytes));
  canvas.bytes.set(source, canvas.source);
  for (const { type, parameters } of rendered) {
    RENDERERS[type].render(canvas, parameters);
    canvas = { ...canvas, source: canvas.target, target: canvas.source };
  }
  target.set(canvas.bytes.subarray(canvas.source, canvas.source + size));
  closeCanvas(canvas);
}

/** Applies all drawn operations to `source` [height, width, 3] and returns a new image. `source` is not modified. */
export function renderChain(source: Uint8Array, shape: Shape, drawn: readonly DrawnOperation[]): Uint8Array {
  const target = new Uint8Array(source.length);
  renderChainInto(source, target, shape, drawn);
  return target;
}

/** The chain, by its index, that an image goes through if it goes through one of a policy's. */
export function drawChainIndex(
  { chains, weights }: Pick<Policy, "chains" | "weights">,
  random: Random,
): number {
  return weights ? random.weighted(weights) : random.integer(0, chains.length - 1);
}

/** The chains, by their indices, that an image of a redrawn policy goes through, one after another. */
export function drawChainIndices(
  policy: Pick<Policy, "chains" | "weights" | "chances">,
  random: Random,
): number[] {
  const { chances } = policy;
  if (!chances) return [drawChainIndex(policy, random)];
  return [...chances.keys()].filter((index) => random.chance(chances[index]));
}

/** The key of the stream that an image's draws come from. */
export interface AugmentationKey {
  readonly seed: number;
  /** The image's index in its dataset, regardless of its batch. */
  readonly imageIndex: number;
  /** The chain's index in its policy. */
  readonly chainIndex: number;
}

/** The parameters that the image with this key gets under `chain`, as recorded in a manifest. */
export function drawForImage(
  chain: Chain,
  shape: DrawShape,
  { seed, imageIndex, chainIndex }: AugmentationKey,
  magnitudes?: Policy["magnitudes"],
): DrawnOperation[] {
  return drawChain(chain, shape, new Random(seed, "augment", imageIndex, chainIndex), magnitudes);
}

/**
 * Applies `chain` to the images of `batch` [count, height, width, 3] at `indices`: [indices.length, height, width, 3].
 * An image's index is part of its stream's key.
 * @throws RangeError if an index or a magnitude is out of range, or the images do not have three channels.
 */
export function applyChain(
  batch: ImageBatch,
  indices: ArrayLike<number>,
  chain: Chain,
  chainIndex: number,
  seed: number,
): ImageBatch {
  const result = createBatch(indices.length, batch.height, batch.width);
  if (batch.channels !== 3) throw new RangeError(`images must have 3 channels, but have ${batch.channels}`);
  for (let i = 0; i < indices.length; i++) {
    const imageIndex = indices[i];
    if (!(imageIndex >= 0 && imageIndex < batch.count)) {
      throw new RangeError(`image ${imageIndex} is not among ${batch.count}`);
    }
    const drawn = drawForImage(chain, batch, { seed, imageIndex, chainIndex });
    renderChainInto(imageAt(batch, imageIndex), imageAt(result, i), batch, drawn);
  }
  return result;
}
