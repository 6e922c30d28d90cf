// Training batches in which some images are augmented, as in the original's image generator, or all by a recipe. All draws for an image are
// keyed by (seed, epoch, image index), so that they do not depend on the batch size.

import { setImmediate } from "node:timers/promises";
import { mismatch } from "../common/errors.ts";
import { Random, seedOf } from "../common/random.ts";
import { ALL_RECIPES, type RecipeName } from "../config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../config/techniques.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import { createBatch, type ImageBatch, imageAt, imageSize } from "../image/batch.ts";
import type { Policy } from "../policy/policy.ts";
import { renderChainInto } from "./chain.ts";
import { drawSteps, type RedrawnStep } from "./redraw.ts";
import { type JudgedShape, scaledTo } from "./scale.ts";
import type { DrawShape } from "./technique.ts";

export interface BatchOptions {
  /** Images per batch, 1 or more; the last batch of an epoch may be smaller. Defaults to 64. */
  readonly batchSize?: number;
  /** Probability in [0, 1] that an image is augmented by a policy. Defaults to 0.5, as in the original. */
  readonly augmentChance?: number;
  /** A recipe that every image goes through, drawn anew for each, before the policy if it gets one. Defaults to none. */
  readonly recipe?: RecipeName;
  /** A whole number from 0 upwards; the same seed gives the same batches. Defaults to 0. */
  readonly seed?: number;
  /** A whole number from 0 upwards; each epoch has its own draws and order. Defaults to 0. */
  readonly epoch?: number;
  /** Whether the images come in random order (the default) or in the given order. */
  readonly shuffle?: boolean;
  /**
   * [height, width] in pixels of the images on which the policies were judged, for example `readPolicyFile(path)
   * .dataset.imageShape`: techniques that count in pixels scale with the images' side relative to it. By default they
   * do not scale.
   */
  readonly judgedShape?: JudgedShape;
}

/**
 * One epoch of training batches. Each image appears once: augmented by one chain of a policy with probability
 * `augmentChance`, else unchanged. Policy and chain are drawn for each image, all policies with equal probability;
 * their portions are not used. Redrawn policies decide themselves: an image goes through the base of one, and with its
 * portion as the probability through one chain. With a `recipe`, every image goes through the recipe first.
 *
 * for (let epoch = 0; epoch < 50; epoch++) { for await (const batch of imagesWithTopPolicies(images, labels, policies,
 * { epoch })) train(batch); }
 *
 * @param images [count, height, width, 3]; they are not modified, and batches do not share their memory.
 * @param labels one whole number from 0 upwards per image.
 * @param policies one or more, for example `readPolicyFile("policies.json").policies`; with a `recipe` the list may be empty.
 * @returns batches of images [batch, height, width, 3] with their labels.
 * @throws TypeError or RangeError at the call, naming the argument, what was expected and what was received.
 */
export function imagesWithTopPolicies(
  images: ImageBatch,
  labels: ArrayLike<number>,
  policies: readonly Policy[],
  {
    batchSize = 64,
    augmentChance = 0.5,
    recipe,
    seed = 0,
    epoch = 0,
    shuffle = true,
    judgedShape,
  }: BatchOptions = {},
): AsyncGenerator<LabelledImages, void, void> {
  checkImages(images);
  checkLabels(labels, images.count);
  if (recipe !== undefined && !ALL_RECIPES.includes(recipe))
    throw expected("recipe", `one of ${ALL_RECIPES.join(", ")}`, recipe);
  checkPolicies(policies, recipe !== undefined);
  checkWhole("batchSize", batchSize, 1);
  if (!(augmentChance >= 0 && augmentChance <= 1))
    throw expected("augmentChance", "a number in [0, 1]", augmentChance);
  checkWhole("seed", seed, 0);
  checkWhole("epoch", epoch, 0);
  if (typeof shuffle !== "boolean") throw expected("shuffle", "true or false", shuffle);
  if (judgedShape !== undefined) checkJudgedShape(judgedShape);
  const shape = judgedShape === undefined ? images : scaledTo(images, judgedShape);
  const steps: RedrawnStep[] = recipe === undefined ? [] : [{ recipe }];
  if (policies.length > 0) steps.push({ policies, chance: augmentChance });
  return batches(images, labels, steps, shape, { batchSize, seed, epoch, shuffle });
}

async function* batches(
  images: ImageBatch,
  labels: ArrayLike<number>,
  steps: readonly RedrawnStep[],
  shape: DrawShape,
  {
    batchSize,
    seed,
    epoch,
    shuffle,
  }: Required<Pick<BatchOptions, "batchSize" | "seed" | "epoch" | "shuffle">>,
): AsyncGenerator<LabelledImages, void, void> {
  const order = Int32Array.from({ length: images.count }, (_, i) => i);
  if (shuffle) new Random(seed, "batches", "order", epoch).shuffle(order);
  const epochSeed = seedOf(seed, "batches", epoch);
  for (let start = 0; start < order.length; start += batchSize) {
    const indices = order.subarray(start, start + batchSize);
    const batch = createBatch(indices.length, images.height, images.width);
    for (const [i, imageIndex] of indices.entries()) {
      const drawn = drawSteps(steps, shape, { seed: epochSeed, imageIndex });
      renderChainInto(imageAt(images, imageIndex), imageAt(batch, i), images, drawn);
    }
    yield { images: batch, labels: Int32Array.from(indices, (index) => labels[index]) };
    // Yields to other tasks even if the caller takes batches as fast as they come.
    await setImmediate();
  }
}

function checkImages(images: ImageBatch): void {
  const { data, count, height, width, channels } = images;
  checkWhole("images.count", count, 1);
  checkWhole("images.height", height, 1);
  checkWhole("images.width", width, 1);
  if (channels !== 3) throw expected("images.channels", "3", channels);
  if (!(data instanceof Uint8Array)) throw expected("images.data", "a Uint8Array", data);
  const length = count * imageSize(images);
  if (data.length !== length) {
    throw new RangeError(mismatch("images.data", `${count} x ${height} x ${width} x 3 values`, data.length));
  }
}

function checkLabels(labels: ArrayLike<number>, count: number): void {
  if (labels.length !== count) {
    throw new RangeError(mismatch("labels", `one per image, ${count}`, labels.length));
  }
  for (let i = 0; i < count; i++) {
    // Range of an Int32Array.
    if (!(labels[i] >= 0 && (labels[i] | 0) === labels[i])) {
      throw expected(`labels[${i}]`, "a whole number from 0 upwards", labels[i]);
    }
  }
}

function checkPolicies(policies: readonly Policy[], mayBeEmpty: boolean): void {
  if (!Array.isArray(policies) || (policies.length === 0 && !mayBeEmpty))
    throw expected("policies", mayBeEmpty ? "a list" : "a list of at least one", policies);
  for (const [i, { chains, base, weights, portion }] of policies.entries()) {
    if (!Array.isArray(chains) || chains.length === 0)
      throw expected(`policies[${i}].chains`, "a list of at least one", chains);
    if (base !== undefined && !ALL_RECIPES.includes(base))
      throw expected(`policies[${i}].base`, `one of ${ALL_RECIPES.join(", ")}`, base);
    if (weights && !(weights.length === chains.length && weights.every((weight: number) => weight > 0)))
      throw expected(`policies[${i}].weights`, "a number above 0 for each chain", weights);
    if (!(portion >= 0 && portion <= 1))
      throw expected(`policies[${i}].portion`, "a number in [0, 1]", portion);
    for (const [j, chain] of chains.entries()) {
      for (const [k, { type, magnitude }] of chain.entries()) {
        const place = `policies[${i}].chains[${j}][${k}]`;
        if (!EXTENDED_TECHNIQUES.includes(type))
          throw expected(`${place}.type`, `one of ${EXTENDED_TECHNIQUES.join(", ")}`, type);
        if (!(magnitude >= 0 && magnitude <= 1))
          throw expected(`${place}.magnitude`, "a number in [0, 1]", magnitude);
      }
    }
  }
}

function checkJudgedShape(shape: JudgedShape): void {
  if (!Array.isArray(shape) || shape.length < 2) throw expected("judgedShape", "[height, width]", shape);
  for (const i of [0, 1]) checkWhole(`judgedShape[${i}]`, shape[i], 1);
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw expected(name, `a whole number from ${least} upwards`, value);
}

/** A TypeError for a value of the wrong type, a RangeError for one out of range. */
function expected(name: string, what: string, value: unknown): TypeError | RangeError {
  const Kind = typeof value === "number" || Array.isArray(value) ? RangeError : TypeError;
  return new Kind(mismatch(name, what, value));
}
