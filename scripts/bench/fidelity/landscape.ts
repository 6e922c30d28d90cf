// A landscape of policies on which searches are compared without training: what a training of any policy would validate at
// each stage, and what its true test accuracy is, smoothed from recorded curves (scripts/curves) and from searches.

import { meanOf } from "../../../src/common/mean.ts";
import { Random } from "../../../src/common/random.ts";
import { type Point, randomPoint } from "../../../src/controller/controller.ts";
import { baseAlone } from "../../../src/policy/form.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import { pointToPolicy, policyToPoint, type SearchSpace } from "../../../src/policy/space.ts";
import { AVERAGED_AT, type CurvePair } from "../../curves/table.ts";
import { GaussianProcess } from "../regret/gaussian-process.ts";
import type { JudgedPolicy } from "./judged.ts";
import { inputOf, POLICY_KERNEL, type PolicyInput } from "./policy-kernel.ts";

/** How the greatest accuracy is sought: the best of random points, then steps from the best of them. */
const SOUGHT = { random: 3000, best: 20 };

type Process = GaussianProcess<PolicyInput, Exclude<keyof typeof POLICY_KERNEL.guesses, "noise">>;

export interface Landscape {
  readonly space: SearchSpace;
  /** What every search judges first, as ours does: no augmentation, and each recipe alone. */
  readonly first: readonly Point[];
  /** Epochs after which a training may be judged, ascending. */
  readonly stages: readonly number[];
  /** The greatest true test accuracy of the space. */
  readonly greatest: number;
  readonly description: string;
  /** The true test accuracy: the mean of endlessly many trainings. */
  truthOf(policy: Policy): number;
  /** The validation accuracy of one training at each stage; the same for the same seed, trial and sample. */
  train(policy: Policy, seed: number, trial: number, sample: number): number[];
}

/**
 * @param curves the policies with as many images an epoch under each.
 * @param space of the policies that are searched.
 * @param judged further policies, of which only the end of a training is known.
 */
export function landscapeOf(
  curves: readonly CurvePair[],
  space: SearchSpace,
  judged: readonly JudgedPolicy[] = [],
): Landscape {
  const inputs = curves.map(({ policy }) => inputOf(policy));
  const meansOf = (value: (pair: CurvePair, sample: number) => number) =>
    curves.map((pair) => meanOf(pair.samples.map((_, sample) => value(pair, sample))));
  const tested = meansOf(({ samples }, sample) => samples[sample].test.accuracy);
  const test: Process = new GaussianProcess(
    POLICY_KERNEL,
    [...inputs, ...judged.map(({ policy }) => inputOf(policy))],
    [...tested, ...judged.map(({ accuracy }) => accuracy)],
  );
  // What is still missing at each stage is smoother than what is reached.
  const missing = AVERAGED_AT.map((_, stage): Process => {
    const reached = meansOf(({ samples }, sample) => samples[sample].averaged.accuracy[stage]);
    const targets = reached.map((accuracy, index) => tested[index] - accuracy);
    return new GaussianProcess(POLICY_KERNEL, inputs, targets, test.parameters);
  });
  const expectedOf = (policy: Policy) => {
    const input = inputOf(policy);
    const end = test.meanAt(input);
    return missing.map((process) => end - process.meanAt(input));
  };
  const residuals = residualsOf(curves, expectedOf);
  const bases = space.extension?.bases ?? ["none" as const];
  const first = bases.map((base) => policyToPoint(space, baseAlone(space, base)));
  const truthOf = (policy: Policy) => test.meanAt(inputOf(policy));
  const greatest = greatestOf(space, truthOf);
  return {
    ...{ space, first, stages: AVERAGED_AT, truthOf, greatest },
    train: (policy, seed, trial, sample) => {
      const row = new Random(seed, "training", trial, sample).integer(0, residuals.length - 1);
      return expectedOf(policy).map((accuracy, stage) => accuracy + residuals[row][stage]);
    },
    description: [
      `${curves.length + judged.length} policies, smoothed by a Gaussian process, which predicts the accuracy of each from the others with an`,
      `R² of ${test.crossValidatedR2.toFixed(2)}; the greatest of the space is ${(100 * greatest).toFixed(1)}%.`,
    ].join(" "),
  };
}

/** Of each training, by stage: what it validated more than is expected of its policy and its images. */
function residualsOf(
  curves: readonly CurvePair[],
  expectedOf: (policy: Policy) => readonly number[],
): number[][] {
  const bySample = [0, 1].map((sample) => {
    const rows = curves.map(({ policy, samples }) =>
      expectedOf(policy).map((accuracy, stage) => samples[sample].averaged.accuracy[stage] - accuracy),
    );
    const means = AVERAGED_AT.map((_, stage) => meanOf(rows.map((row) => row[stage])));
    return rows.map((row) => row.map((value, stage) => value - means[stage]));
  });
  return bySample.flat();
}

function greatestOf(space: SearchSpace, truthOf: (policy: Policy) => number): number {
  const { dimensions } = space;
  const random = new Random("greatest");
  const ratingOf = (point: Point) => truthOf(pointToPolicy(space, point));
  const found = Array.from({ length: SOUGHT.random }, () => {
    const point = randomPoint(dimensions, random);
    return { point, value: ratingOf(point) };
  }).sort((a, b) => b.value - a.value);
  return Math.max(...found.slice(0, SOUGHT.best).map((start) => climb(space, start.point, ratingOf)));
}

/** The value at the end of changes of one coordinate at a time that each make it greater. */
function climb({ dimensions }: SearchSpace, start: Point, ratingOf: (point: Point) => number): number {
  let best = { point: start, value: ratingOf(start) };
  for (;;) {
    const around = dimensions.flatMap((dimension, index) => {
      const values =
        dimension.kind === "category"
          ? Array.from({ length: dimension.choices }, (_, choice) => choice)
          : Array.from({ length: 11 }, (_, step) => {
              const { low: lowest, proposedFrom: low = lowest, high } = dimension;
              return low + (step / 10) * (high - low);
            });
      return values.map((value) => best.point.with(index, value));
    });
    const rated = around.map((point) => ({ point, value: ratingOf(point) }));
    const next = rated.reduce((a, b) => (b.value > a.value ? b : a));
    if (next.value <= best.value + 1e-9) return best.value;
    best = next;
  }
}
