// The objective of real trials: random policies that were judged on CIFAR-10 (test/fixtures/trials.jsonl), smoothed so
// that any policy has a reward. Every seed is the same landscape with other noise, as large as the trials' own.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../../../src/common/errors.ts";
import { TECHNIQUES } from "../../../src/config/techniques.ts";
import type { Point } from "../../../src/controller/controller.ts";
import { noAugmentation, type Policy } from "../../../src/policy/policy.ts";
import { createSpace, policyToPoint, type SearchSpace } from "../../../src/policy/space.ts";
import { type Objective, withAllStrengths } from "./objective.ts";
import { type Row, type SmoothedTable, smoothTable } from "./smoothed.ts";

const LEAST_TRIALS = 50;

/** A grid on which the greatest reward is sought first, then by steps from its best points. */
const GRID = { magnitudes: [0, 0.25, 0.5, 0.75, 1], portions: [0.25, 0.5, 0.75, 1], best: 20 };

/** Real trials of policies of one chain of two operations. */
export interface TrialTable {
  readonly space: SearchSpace;
  readonly rows: readonly Row[];
  /** Of the file: results of other trials are not comparable. */
  readonly digest: string;
}

/** @throws UsageError if the file does not exist, has too few trials, or has a line that is not a trial. */
export function tableObjective(file: string): Objective {
  const { space, rows, digest } = readTable(file);
  const table = smoothTable(rows);
  const greatest = greatestReward(table);
  const baseline = policyToPoint(space, noAugmentation(1, 2));
  return {
    name: "trials",
    dimensions: withAllStrengths(space.dimensions),
    baseline,
    samples: 1,
    noise: table.noise,
    digest,
    create: () => ({ rewardAt: (point) => table.meanAt(point), greatest }),
    description: [
      `${rows.length} real trials on CIFAR-10, smoothed by a Gaussian process. It predicts a trial's reward from the others`,
      `with an R² of ${table.crossValidatedR2.toFixed(2)}. One sample per trial, with noise of standard deviation`,
      `${table.noise.toFixed(4)}; baseline ${table.meanAt(baseline).toFixed(3)}, best possible ${greatest.toFixed(3)}.`,
    ].join(" "),
  };
}

/**
 * @param file JSON lines with `policy` and `reward`, of policies of one chain of two operations.
 * @throws UsageError if the file does not exist, has too few trials, or has a line that is not a trial.
 */
export function readTable(file: string): TrialTable {
  if (!existsSync(file)) throw new UsageError(`--table: there is no file ${file}`);
  const text = readFileSync(file, "utf8");
  const space = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
  const rows = text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      const { policy, reward } = JSON.parse(line) as { policy: Policy; reward: number };
      if (!Number.isFinite(reward)) throw new RangeError(`the reward is ${reward}`);
      return [{ point: policyToPoint(space, policy), reward }];
    } catch (error) {
      throw new UsageError(`${file}, line ${index + 1}: not a trial (${(error as Error).message})`);
    }
  });
  if (rows.length < LEAST_TRIALS) {
    throw new UsageError(`${file} has ${rows.length} trials; smoothing requires at least ${LEAST_TRIALS}`);
  }
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return { space, rows, digest };
}

function greatestReward(table: SmoothedTable): number {
  const starts: { point: Point; reward: number }[] = [];
  for (const first of TECHNIQUES.keys()) {
    for (const second of TECHNIQUES.keys()) {
      for (const a of GRID.magnitudes) {
        for (const b of GRID.magnitudes) {
          for (const portion of GRID.portions) {
            const point = [first, a, second, b, portion];
            starts.push({ point, reward: table.meanAt(point) });
          }
        }
      }
    }
  }
  starts.sort((a, b) => b.reward - a.reward);
  return Math.max(...starts.slice(0, GRID.best).map(({ point }) => climb(table, point)));
}

/** The reward at the end of steps along the magnitudes and the portion that each make it greater. */
function climb(table: SmoothedTable, start: Point): number {
  let point = start;
  let reward = table.meanAt(point);
  for (let step = 0.1; step > 0.001; ) {
    const around = [1, 3, 4].flatMap((index) =>
      [step, -step].map((by) => point.with(index, Math.min(1, Math.max(0, point[index] + by)))),
    );
    const rewards = around.map((each) => table.meanAt(each));
    const best = rewards.indexOf(Math.max(...rewards));
    if (rewards[best] > reward) [point, reward] = [around[best], rewards[best]];
    else step /= 2;
  }
  return reward;
}
