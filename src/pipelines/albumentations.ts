// Pipelines of Albumentations, as `A.save` and `A.to_dict` of versions 1.4 to 2.0.8 write them, as policies.

import { z } from "zod";
import { formatValue, messageOf, UsageError } from "../common/errors.ts";
import { problemIn } from "../common/schema.ts";
import type { Policy } from "../policy/policy.ts";
import { type Arguments, TRANSFORMS } from "./albumentations-transforms.ts";
import { inTurn, type Outcome, oneOf, pipelinePolicy, withChance } from "./outcomes.ts";

/** [major, minor, patch] */
type Version = readonly [number, number, number];

/** A transform, or a composition of them. */
interface Node {
  readonly name: string;
  readonly p: number;
  readonly rest: Arguments;
  /** In the file, for messages. */
  readonly place: string;
}

/** Whether this is the content of such a file, of any version. */
export function isAlbumentations(content: unknown): content is { readonly transform: unknown } {
  return z.looseObject({ transform: z.looseObject({ __class_fullname__: z.string() }) }).safeParse(content)
    .success;
}

/**
 * The policy that augments images as the pipeline does.
 * @throws UsageError in one line, naming the place, if an argument or a transform is not one that a policy expresses exactly.
 */
export function albumentationsPolicy(content: { readonly transform: unknown }): Policy {
  const { __version__: version } = content as { readonly __version__?: unknown };
  const walk = new Walk(versionOf(version));
  const root = nodeOf(content.transform, "transform");
  const isSequence = root.name === "Compose" || root.name === "Sequential";
  const parts = isSequence ? walk.children(root) : [walk.outcomes(root)];
  return pipelinePolicy(parts, isSequence ? walk.chanceOf(root) : 1);
}

/** @throws UsageError if it is not one of those whose arguments are known. */
function versionOf(value: unknown): Version {
  const [, ...parts] = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(typeof value === "string" ? value : "") ?? [];
  const [major, minor, patch] = parts.map(Number);
  if ((major === 1 && minor === 4) || (major === 2 && minor === 0 && patch <= 8))
    return [major, minor, patch];
  throw new UsageError(
    `__version__: pipelines of Albumentations 1.4 to 2.0.8 can be read, received ${formatValue(value)}; the arguments of other versions may have other meanings`,
  );
}

const share = z.number().min(0).max(1);
const NODE = z.looseObject({ __class_fullname__: z.string(), p: share });
const ANY = z.unknown().optional();

/** What concerns boxes, key points, masks and seeds; images of classes have none. */
const COMPOSE = z.strictObject({
  transforms: z.array(z.unknown()),
  ...{ bbox_params: ANY, keypoint_params: ANY, additional_targets: ANY, is_check_shapes: ANY },
});
const COMPOSITION = z.strictObject({ transforms: z.array(z.unknown()) });
const SOME = z.strictObject({
  transforms: z.array(z.unknown()),
  n: z.number().int().min(1),
  replace: z.literal(false),
});

function nodeOf(value: unknown, place: string): Node {
  const problem = problemIn(value, NODE);
  if (problem !== undefined) throw new UsageError(`${place}: ${problem}`);
  const { __class_fullname__: name, p, ...rest } = NODE.parse(value);
  return { name: name.replace(/^albumentations\..*\./, ""), p, rest, place };
}

class Walk {
  readonly #version: Version;

  constructor(version: Version) {
    this.#version = version;
  }

  /**
   * What an image goes through.
   * @param isForced whether it is chosen by a OneOf, so that its own `p` does not count.
   */
  outcomes(node: Node, isForced = false): readonly Outcome[] {
    const { name, rest } = node;
    const chance = isForced ? 1 : this.chanceOf(node);
    switch (name) {
      case "Compose":
      case "Sequential":
        return this.#at(node, () => withChance(chance, inTurn(this.children(node))));
      case "OneOf":
        return withChance(chance, this.#oneOf(node));
      case "OneOrOther":
        return this.#oneOrOther(node);
      case "SomeOf":
      case "RandomOrder":
        return withChance(this.chanceOf(node), this.#someOf(node));
    }
    const known = Object.hasOwn(TRANSFORMS, name) ? TRANSFORMS[name] : undefined;
    const origin = originOf(node);
    if (known?.since && this.#isBefore(...known.since))
      throw new UsageError(`${origin}: it is known as of version ${known.since.join(".")} only`);
    if (known) return known.outcomes(rest, chance, origin);
    throw new UsageError(
      `${origin}: no technique is known to do exactly the same; known are ${Object.keys(TRANSFORMS).join(", ")}${Object.hasOwn(FIXES, name) ? FIXES[name] : ""}`,
    );
  }

  /** The parts of a sequence. */
  children(node: Node): (readonly Outcome[])[] {
    return this.#transforms(node, node.name === "Compose" ? COMPOSE : COMPOSITION).map((child) =>
      this.outcomes(child),
    );
  }

  /** The probability that a composition is applied; before 1.4.4, a Sequential always was. */
  chanceOf({ name, p }: Node): number {
    return name === "Sequential" && this.#isBefore(1, 4, 4) ? 1 : p;
  }

  /** One, in proportion to `p`, applied for sure. */
  #oneOf(node: Node): readonly Outcome[] {
    const children = this.#transforms(node, COMPOSITION);
    const sum = children.reduce((total, { p }) => total + p, 0);
    if (sum === 0) throw new UsageError(`${originOf(node)}: one transform at least needs a p above 0`);
    return this.#at(node, () =>
      oneOf(children.filter(({ p }) => p > 0).map((child) => [child.p / sum, this.outcomes(child, true)])),
    );
  }

  /** The first with probability `p`, else the last; applied for sure. */
  #oneOrOther(node: Node): readonly Outcome[] {
    const children = this.#transforms(node, COMPOSITION);
    if (children.length !== 2)
      throw new UsageError(`${originOf(node)}: expected 2 transforms, received ${children.length}`);
    const [first, last] = children.map((child) => this.outcomes(child, true));
    return oneOf([
      [node.p, first],
      [1 - node.p, last],
    ]);
  }

  /** Any `n` of them with equal probability, each with its `p`: in the given order, or in any. */
  #someOf(node: Node): readonly Outcome[] {
    const origin = originOf(node);
    if (this.#isBefore(2, 0, 6)) {
      throw new UsageError(
        `${origin}: it is known as of version 2.0.6 only, since it chose and applied its transforms by other rules before`,
      );
    }
    const children = this.#transforms(node, SOME);
    const { n } = SOME.parse(node.rest);
    const parts = children.map((child) => this.outcomes(child));
    return this.#at(node, () => {
      const choices = choicesOf(parts.length, Math.min(n, parts.length), node.name === "RandomOrder");
      return oneOf(
        choices.map((choice) => [1 / choices.length, inTurn(choice.map((index) => parts[index]))]),
      );
    });
  }

  #transforms(node: Node, schema: z.ZodType<{ transforms: unknown[] }>): Node[] {
    const problem = problemIn(node.rest, schema);
    if (problem !== undefined) throw new UsageError(`${originOf(node)}: ${problem}`);
    const { transforms } = schema.parse(node.rest);
    if (transforms.length === 0) throw new UsageError(`${originOf(node)}: it has no transforms`);
    return transforms.map((child, index) => nodeOf(child, `${node.place}.transforms[${index}]`));
  }

  /** Adds the place to what is wrong with a composition. */
  #at<Result>(node: Node, compute: () => Result): Result {
    try {
      return compute();
    } catch (error) {
      const isPlaced = messageOf(error).startsWith("transform");
      if (!(error instanceof UsageError) || isPlaced) throw error;
      throw new UsageError(`${originOf(node)}: ${error.message}`);
    }
  }

  #isBefore(...other: Version): boolean {
    const place = this.#version.findIndex((part, index) => part !== other[index]);
    return place >= 0 && this.#version[place] < other[place];
  }
}

/** `transform.transforms[2], Rotate` */
function originOf({ place, name }: Node): string {
  return `${place}, ${name}`;
}

/** What belongs after augmentation, or is done by an option. */
const FIXES: Readonly<Record<string, string>> = {
  Normalize: "; it prepares images for a model, so save the pipeline without it",
  ToFloat: "; it prepares images for a model, so save the pipeline without it",
  ToTensorV2: "; it prepares images for a model, so save the pipeline without it",
  Resize: "; save the pipeline without it, and use --image-size",
};

/** Every choice that has to be tried; more could not become a policy anyway. */
const MOST_CHOICES = 1000;

/**
 * All ways to choose `chosen` of `count`, in ascending order, or in any.
 * @throws UsageError if there are more than 1,000.
 */
function choicesOf(count: number, chosen: number, inAnyOrder: boolean): number[][] {
  let choices: number[][] = [[]];
  for (let round = 0; round < chosen; round++) {
    choices = choices.flatMap((choice) =>
      Array.from({ length: count }, (_, index) => index)
        .filter((index) => (inAnyOrder ? !choice.includes(index) : index > (choice.at(-1) ?? -1)))
        .map((index) => [...choice, index]),
    );
    if (choices.length > MOST_CHOICES)
      throw new UsageError(
        `there are more than ${MOST_CHOICES} ways to choose ${chosen} of ${count} transforms`,
      );
  }
  return choices;
}
