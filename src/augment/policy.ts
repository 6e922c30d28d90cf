// Applies a policy to a training set: a portion of the images is drawn, each drawn image goes through every chain, and
// the results are added to the originals.

import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import { createBatch, imageAt } from "../image/batch.ts";
import { isMixture, type Policy } from "../policy/policy.ts";
import { drawChainIndex, drawForImage, renderChainInto } from "./chain.ts";
import { drawRecipe } from "./recipes.ts";
import { type JudgedShape, scaledTo } from "./scale.ts";

/**
 * The indices of the images that a policy augments: round(portion x count) distinct ones of [0, count), in random
 * order. With the same seed, a larger portion draws the same images and more.
 * @throws RangeError if the portion is outside [0, 1].
 */
export function drawPortion(count: number, portion: number, seed: number): Int32Array {
  if (!(portion >= 0 && portion <= 1))
    throw new RangeError(`the portion must be in [0, 1], but is ${portion}`);
  return new Random(seed, "portion").choose(count, Math.round(portion * count));
}

/**
 * The originals, followed for each chain by the augmented images, with their labels: N + chains x drawn images (N + drawn
 * ones in a mixture). If there is nothing to add (portion 0), the originals themselves are returned, not a copy.
 * @param judgedShape [height, width] in pixels of the images on which the policy was judged, if others than these.
 * @throws RangeError if a portion or a magnitude is outside [0, 1], or the images do not have three channels.
 */
export function augmentTrainingSet(
  train: LabelledImages,
  policy: Policy,
  seed: number,
  judgedShape?: JudgedShape,
): LabelledImages {
  const { images, labels } = train;
  if (images.channels !== 3) throw new RangeError(`images must have 3 channels, but have ${images.channels}`);
  const copies = drawCopies(policy, drawPortion(images.count, policy.portion, seed), seed);
  if (copies.length === 0) return train;
  const { base, chains, magnitudes } = policy;
  const result = createBatch(images.count + copies.length, images.height, images.width);
  result.data.set(images.data);
  const resultLabels = new Int32Array(images.count + copies.length);
  resultLabels.set(labels);
  const shape = judgedShape ? scaledTo(images, judgedShape) : images;
  for (const [i, { imageIndex, chainIndex }] of copies.entries()) {
    const place = images.count + i;
    const key = { seed, imageIndex, chainIndex };
    const drawn = drawForImage(chains[chainIndex], shape, key, magnitudes);
    const operations = base ? [...drawRecipe(base, shape, key), ...drawn] : drawn;
    renderChainInto(imageAt(images, imageIndex), imageAt(result, place), images, operations);
    resultLabels[place] = labels[imageIndex];
  }
  return { images: result, labels: resultLabels };
}

interface Copy {
  readonly imageIndex: number;
  readonly chainIndex: number;
}

/** Every drawn image under every chain, chain by chain; or, in a mixture, under the one that is drawn for it. */
function drawCopies(policy: Policy, drawn: Int32Array, seed: number): Copy[] {
  if (!isMixture(policy)) {
    return policy.chains.flatMap((_, chainIndex) =>
      Array.from(drawn, (imageIndex) => ({ imageIndex, chainIndex })),
    );
  }
  return Array.from(drawn, (imageIndex) => ({
    imageIndex,
    chainIndex: drawChainIndex(policy, new Random(seed, "chain", imageIndex)),
  }));
}
