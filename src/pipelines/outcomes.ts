// What an image may go through in a pipeline of another library: chains with their probabilities, from which a policy is made.

import { UsageError } from "../common/errors.ts";
import { type TechniqueName, usesMagnitude } from "../config/techniques.ts";
import type { Chain, Policy } from "../policy/policy.ts";

/** One of our techniques that does exactly what a transform of another library does when it is applied. */
export interface Step {
  readonly type: TechniqueName;
  /** The magnitude in a policy of fixed magnitudes; missing if no fixed one does the same. */
  readonly fixed?: number;
  /** The magnitude in a policy of drawn magnitudes; missing if no drawn one does the same. */
  readonly drawn?: number;
  /** What the transform is, with its place in the file, for messages. */
  readonly origin: string;
}

/** The steps that an image goes through with this probability, above 0. */
export interface Outcome {
  readonly probability: number;
  readonly steps: readonly Step[];
}

/** As many as a policy may have operations. */
const MOST_OUTCOMES = 1000;

/** Nothing happens. */
export const UNCHANGED: readonly Outcome[] = [{ probability: 1, steps: [] }];

/** With this probability the outcomes, else nothing. */
export function withChance(probability: number, outcomes: readonly Outcome[]): Outcome[] {
  return oneOf([
    [probability, outcomes],
    [1 - probability, UNCHANGED],
  ]);
}

/** One of the alternatives by its probability; these sum to 1. @throws UsageError if there are too many outcomes. */
export function oneOf(alternatives: readonly (readonly [number, readonly Outcome[]])[]): Outcome[] {
  return merged(
    alternatives.flatMap(([share, outcomes]) =>
      outcomes.map(({ probability, steps }) => ({ probability: share * probability, steps })),
    ),
  );
}

/** One after another, independently. @throws UsageError if there are too many outcomes. */
export function inTurn(parts: readonly (readonly Outcome[])[]): Outcome[] {
  return parts.reduce<Outcome[]>(
    (before, part) =>
      merged(
        before.flatMap((first) =>
          part.map((next) => ({
            probability: first.probability * next.probability,
            steps: [...first.steps, ...next.steps],
          })),
        ),
      ),
    [...UNCHANGED],
  );
}

/** Equal outcomes as one, without impossible ones. */
function merged(outcomes: readonly Outcome[]): Outcome[] {
  const found = new Map<string, Outcome>();
  for (const { probability, steps } of outcomes) {
    if (probability === 0) continue;
    const key = JSON.stringify(steps.map(({ type, fixed, drawn }) => [type, fixed, drawn]));
    found.set(key, { steps, probability: probability + (found.get(key)?.probability ?? 0) });
  }
  if (found.size > MOST_OUTCOMES) {
    throw new UsageError(
      `its transforms combine in more than ${MOST_OUTCOMES} ways, the most that a policy may have; split it`,
    );
  }
  return [...found.values()];
}

/**
 * The policy of a pipeline: redrawn, with chances if its parts allow that, else with a weighted chain for each outcome.
 * @param parts that follow one another, independently.
 * @param portion the probability that an image goes through them at all.
 * @throws UsageError if the pipeline does nothing, or if no policy has all its magnitudes.
 */
export function pipelinePolicy(parts: readonly (readonly Outcome[])[], portion: number): Policy {
  const changing = parts.map((part) => part.filter(({ steps }) => steps.length > 0));
  const outcomes = changing.every(({ length }) => length <= 1)
    ? undefined
    : inTurn(parts).filter(({ steps }) => steps.length > 0);
  const used = outcomes ?? changing.flat();
  if (used.length === 0 || portion === 0) throw new UsageError("it leaves all images as they are");
  const operations = used.reduce((sum, { steps }) => sum + steps.length, 0);
  if (operations > MOST_OUTCOMES) {
    throw new UsageError(
      `it needs ${operations} operations, more than the ${MOST_OUTCOMES} that a policy may have; split it`,
    );
  }
  const magnitudes = magnitudesOf(used.flatMap(({ steps }) => steps));
  const chains = used.map(({ steps }) => chainOf(steps, magnitudes));
  const form = { ...(magnitudes === "drawn" && { magnitudes }), redrawn: true } as const;
  if (!outcomes) return { chains, portion, chances: used.map(({ probability }) => probability), ...form };
  const share = used.reduce((sum, { probability }) => sum + probability, 0);
  // Rounding must not leave an image in a billion unchanged, or make the share greater than 1.
  const whole = share > 1 - 1e-9 ? 1 : share;
  return { chains, portion: portion * whole, weights: used.map(({ probability }) => probability), ...form };
}

/** Whether magnitudes are fixed or drawn is the same for all operations of a policy. */
function magnitudesOf(steps: readonly Step[]): "fixed" | "drawn" {
  const notFixed = steps.find(({ fixed }) => fixed === undefined);
  if (!notFixed) return "fixed";
  const notDrawn = steps.find(({ drawn }) => drawn === undefined);
  if (!notDrawn) return "drawn";
  throw new UsageError(
    `${notFixed.origin} and ${notDrawn.origin} cannot be in one policy: the first needs magnitudes that are drawn for each image, the second fixed ones; leave one of them out`,
  );
}

function chainOf(steps: readonly Step[], magnitudes: "fixed" | "drawn"): Chain {
  return steps.map(({ type, fixed = 0, drawn = 0 }) => ({
    type,
    magnitude: magnitudes === "fixed" ? fixed : drawn,
  }));
}

/** A mirroring with this probability, at most 1: flips have it as their magnitude, of which a drawn one has half on average. */
export function flipWith(
  type: "horizontal-flip" | "vertical-flip",
  probability: number,
  origin: string,
): Step {
  return { type, fixed: probability, ...(probability <= 0.5 && { drawn: 2 * probability }), origin };
}

/** A technique that needs no magnitude. */
export function stepWithout(type: TechniqueName, origin: string): Step {
  if (usesMagnitude(type)) throw new RangeError(`${type} has a magnitude`);
  return { type, fixed: 0, drawn: 0, origin };
}
