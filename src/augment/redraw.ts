// Augmentation that is drawn anew for every image and epoch: recipes, and policies of which each image gets one by chance.

import { Random } from "../common/random.ts";
import type { RecipeName } from "../config/recipes.ts";
import { type ImageBatch, imageAt } from "../image/batch.ts";
import type { Policy } from "../policy/policy.ts";
import { type DrawnOperation, drawChainIndices, drawForImage, renderChainInto } from "./chain.ts";
import { drawRecipe } from "./recipes.ts";
import { type JudgedShape, scaledTo } from "./scale.ts";
import type { DrawShape } from "./technique.ts";

/** A step of such an augmentation, as plain data. */
export type RedrawnStep =
  | { readonly recipe: RecipeName }
  /**
   * An image goes through one policy, drawn uniformly: as that says if all are redrawn ones; else with probability `chance`
   * through one of its chains, and portions are not used.
   */
  | { readonly policies: readonly Policy[]; readonly chance: number }
  /** As a redrawn policy says. */
  | { readonly policy: Policy };

/** The stream of an image in an epoch. */
interface RedrawKey {
  /** Of the epoch. */
  readonly seed: number;
  /** The image's index in its training set, regardless of its batch. */
  readonly imageIndex: number;
}

/** The operations of all steps for one image, in order. */
export function drawSteps(steps: readonly RedrawnStep[], shape: DrawShape, key: RedrawKey): DrawnOperation[] {
  return steps.flatMap((step) => {
    if ("recipe" in step) return drawRecipe(step.recipe, shape, key);
    if ("policy" in step) return drawPolicy(step.policy, shape, key);
    return drawFromPolicies(step.policies, step.chance, shape, key);
  });
}

/**
 * Draws the images at `indices` of a training set into the first images of `target`.
 * @param judgedShape [height, width] in pixels of the images on which the policies were judged, if others than these.
 */
export function redrawInto(
  target: ImageBatch,
  images: ImageBatch,
  indices: ArrayLike<number>,
  steps: readonly RedrawnStep[],
  seed: number,
  judgedShape?: JudgedShape,
): void {
  const shape = judgedShape ? scaledTo(images, judgedShape) : images;
  for (let i = 0; i < indices.length; i++) {
    const imageIndex = indices[i];
    const drawn = drawSteps(steps, shape, { seed, imageIndex });
    renderChainInto(imageAt(images, imageIndex), imageAt(target, i), images, drawn);
  }
}

function drawFromPolicies(
  policies: readonly Policy[],
  chance: number,
  shape: DrawShape,
  { seed, imageIndex }: RedrawKey,
): DrawnOperation[] {
  if (policies.every(({ redrawn }) => redrawn)) {
    const choice = new Random(seed, "choice", imageIndex).integer(0, policies.length - 1);
    return drawPolicy(policies[choice], shape, { seed, imageIndex });
  }
  const choice = new Random(seed, "policy", imageIndex);
  if (!choice.chance(chance)) return [];
  const policy = policies[choice.integer(0, policies.length - 1)];
  const key = { seed, imageIndex };
  return [...drawBase(policy, shape, key), ...drawChains(policy, shape, key, choice)];
}

/** The base's operations, and with probability `portion` those of the drawn chains. */
function drawPolicy(policy: Policy, shape: DrawShape, key: RedrawKey): DrawnOperation[] {
  const choice = new Random(key.seed, "policy", key.imageIndex);
  const drawn = drawBase(policy, shape, key);
  return choice.chance(policy.portion) ? [...drawn, ...drawChains(policy, shape, key, choice)] : drawn;
}

function drawBase({ base }: Policy, shape: DrawShape, key: RedrawKey): DrawnOperation[] {
  return base ? drawRecipe(base, shape, key) : [];
}

function drawChains(policy: Policy, shape: DrawShape, key: RedrawKey, choice: Random): DrawnOperation[] {
  return drawChainIndices(policy, choice).flatMap((chainIndex) =>
    drawForImage(policy.chains[chainIndex], shape, { ...key, chainIndex }, policy.magnitudes),
  );
}
