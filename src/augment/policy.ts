// Applies a policy to a training set: a portion of the images is drawn, each drawn image goes through every chain, and
// the results are added to the originals.

import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import { createBatch } from "../image/batch.ts";
import type { Policy } from "../policy/policy.ts";
import { applyChainInto } from "./chain.ts";
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
 * The originals, followed for each chain by the augmented images, with their labels: N + chains x drawn images. If
 * there is nothing to add (portion 0), the originals themselves are returned, not a copy.
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
  const drawn = drawPortion(images.count, policy.portion, seed);
  const added = drawn.length * policy.chains.length;
  if (added === 0) return train;
  const result = createBatch(images.count + added, images.height, images.width);
  result.data.set(images.data);
  const resultLabels = new Int32Array(images.count + added);
  resultLabels.set(labels);
  const shape = judgedShape && scaledTo(images, judgedShape);
  policy.chains.forEach((chain, chainIndex) => {
    const start = images.count + chainIndex * drawn.length;
    applyChainInto(result, start, images, drawn, chain, chainIndex, seed, shape);
    for (let i = 0; i < drawn.length; i++) resultLabels[start + i] = labels[drawn[i]];
  });
  return { images: result, labels: resultLabels };
}
