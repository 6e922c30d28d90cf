// Draws for an image whether it is augmented, the policy of each of its copies, and the parameters of every operation.
// Each draw has its own stream, keyed by the image's index (and the copy), so that it depends neither on order nor on
// the number of workers, and asking for more copies keeps the first ones unchanged.

import { type DrawnOperation, drawChainIndices, drawForImage } from "../augment/chain.ts";
import { drawPortion } from "../augment/policy.ts";
import { drawRecipe } from "../augment/recipes.ts";
import { type JudgedShape, scaledTo } from "../augment/scale.ts";
import type { Shape } from "../augment/technique.ts";
import { Random, seedOf } from "../common/random.ts";
import type { RecipeName } from "../config/recipes.ts";
import { isMixture, type Policy } from "../policy/policy.ts";

/** A policy with the trial that judged it; null if no search did. */
export interface AppliedPolicy extends Policy {
  readonly trial: number | null;
}

/** How images are augmented, as plain data. */
export interface AugmentSettings {
  /** Each copy comes from one of these; the list may be empty if there is a recipe. */
  readonly policies: readonly AppliedPolicy[];
  /** The recipe that every copy goes through, before its chain, instead of its policy's base; null if there is none. */
  readonly recipe: RecipeName | null;
  readonly seed: number;
  /** Copies of each augmented image, 1 or more; each goes through every chain of its policy, or one of a mixture's. */
  readonly copies: number;
  /** Probability in [0, 1] that an image is augmented; null if the policies' portions decide, or all are. */
  readonly chance: number | null;
  /** [height, width] of the images on which the policies were judged; null if techniques do not scale. */
  readonly judgedShape: JudgedShape | null;
}

/** A training image: its key, and its place among those that portions choose from. */
export interface TrainingImage {
  /** Its index in the dataset. */
  readonly index: number;
  /** Its rank in the random order in which portions take images, from 0; see `portionRanks`. */
  readonly rank: number;
  /** The number of training images. */
  readonly training: number;
}

/** A future augmented picture: `renderChain(source, shape, drawn)`. */
export interface AugmentedDraw {
  /** From 1. */
  readonly copy: number;
  /** The policy's trial; null for a recipe alone, and if no search judged the policy. */
  readonly trial: number | null;
  /** From 1; null for a recipe or a base alone, and if chains have chances, so that any number of them follow one another. */
  readonly chain: number | null;
  /** How many pictures a copy consists of, each of which goes through another chain of the policy. */
  readonly chains: number;
  /** With the image's index and the chain's, the key of the stream of `drawn`. */
  readonly seed: number;
  readonly drawn: readonly DrawnOperation[];
}

/**
 * The rank of each of `count` training images: a policy augments those whose rank is below round(portion x count), the
 * same that a search with this seed would choose among them.
 */
export function portionRanks(count: number, seed: number): Int32Array {
  const ranks = new Int32Array(count);
  for (const [rank, image] of drawPortion(count, 1, seed).entries()) ranks[image] = rank;
  return ranks;
}

/** Draws for all copies of an image, chain by chain; none if it is not augmented. */
export function* drawCopies(
  settings: AugmentSettings,
  image: TrainingImage,
  shape: Shape,
): Generator<AugmentedDraw> {
  const { policies, recipe, seed, copies, chance, judgedShape } = settings;
  const { index: imageIndex, rank, training } = image;
  if (chance !== null && !new Random(seed, "apply", "chance", imageIndex).chance(chance)) return;
  const drawShape = judgedShape === null ? shape : scaledTo(shape, judgedShape);
  for (let copy = 1; copy <= copies; copy++) {
    const copySeed = seedOf(seed, "copy", copy);
    const before = (name: RecipeName | null) =>
      name === null ? [] : drawRecipe(name, shape, { seed: copySeed, imageIndex });
    if (policies.length === 0) {
      yield { copy, trial: null, chain: null, chains: 1, seed: copySeed, drawn: before(recipe) };
      continue;
    }
    const random = new Random(seed, "apply", "policy", imageIndex, copy);
    const policy = policies[random.integer(0, policies.length - 1)];
    const { trial, portion, chains, magnitudes } = policy;
    const isInPortion = rank < Math.round(portion * training);
    if (chance === null && !policy.redrawn && !isInPortion) continue;
    const first = before(recipe ?? policy.base ?? null);
    // Of a redrawn policy, the base has no portion.
    const isDrawn = chance !== null || !policy.redrawn || random.chance(portion);
    const pictures = isDrawn ? chainsOf(policy, random) : [[]];
    for (const indices of pictures) {
      const drawn = indices.flatMap((chainIndex) =>
        drawForImage(chains[chainIndex], drawShape, { seed: copySeed, imageIndex, chainIndex }, magnitudes),
      );
      const chain = policy.chances || indices.length === 0 ? null : indices[0] + 1;
      yield { copy, trial, chain, chains: pictures.length, seed: copySeed, drawn: [...first, ...drawn] };
    }
  }
}

/** The chains that each picture of a copy goes through. */
function chainsOf(policy: Policy, random: Random): readonly (readonly number[])[] {
  return isMixture(policy)
    ? [drawChainIndices(policy, random)]
    : [...policy.chains.keys()].map((index) => [index]);
}
