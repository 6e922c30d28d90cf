// Rewards of the basic CNN on real CIFAR-10, without augmentation and with horizontal flips added, beside those that
// the same child reaches in PyTorch: shows that the child learns what it should. About an hour on two cores.
//
//   npm run rewards                       # 5 seeds, 50 epochs, both policies
//   node scripts/rewards.ts --seeds 4,5 --policy flips
//
// As PyTorch's were measured: 2,000 training and 1,000 validation images of CIFAR-10's training set, drawn anew for each
// seed; batches of 64. A JSON line a training, then one a policy.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rewardOf } from "../src/child/reward.ts";
import { loadDataset } from "../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../src/dataset/subset-file.ts";
import { drawSubsets } from "../src/dataset/subsets.ts";
import { noAugmentation, type Policy } from "../src/policy/policy.ts";
import { ProcessExecutor } from "../src/search/executor.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3,4,5" },
    policy: { type: "string", default: "" },
    epochs: { type: "string", default: "50" },
    workers: { type: "string", default: String(availableParallelism()) },
  },
});

interface Case {
  readonly name: string;
  readonly policy: Policy;
  /** PyTorch 1.13, five seeds: mean reward and its standard error. */
  readonly pytorch: { readonly mean: number; readonly standardError: number };
}

const CASES: readonly Case[] = [
  { name: "no augmentation", policy: noAugmentation(1, 2), pytorch: { mean: 0.495, standardError: 0.011 } },
  {
    name: "horizontal flips added",
    policy: { chains: [[{ type: "horizontal-flip", magnitude: 1 }]], portion: 1 },
    pytorch: { mean: 0.545, standardError: 0.013 },
  },
];

const folder = mkdtempSync(join(tmpdir(), "deepaugment-rewards-"));
const executor = new ProcessExecutor(Number(values.workers));
try {
  const dataset = await loadDataset("cifar10");
  const seeds = values.seeds.split(",").map(Number);
  const cases = CASES.filter(({ name }) => name.includes(values.policy));
  for (const seed of seeds) {
    const drawn = drawSubsets(dataset, { trainSize: 2000, validationSize: 1000, seed });
    writeSubsets(subsetsPath(seed), selectSubsets(dataset, drawn));
  }
  const rewards = await Promise.all(
    cases.map(({ name, policy }) => Promise.all(seeds.map((seed) => train(name, policy, seed)))),
  );
  for (const [index, { name, pytorch }] of cases.entries()) {
    const { mean, standardError } = summarise(rewards[index]);
    const distance = Math.abs(mean - pytorch.mean) / Math.hypot(standardError, pytorch.standardError);
    console.log(
      JSON.stringify({ policy: name, mean, standardError, pytorch, distanceInStandardErrors: distance }),
    );
  }
} finally {
  await executor.close();
  rmSync(folder, { recursive: true });
}

function subsetsPath(seed: number): string {
  return join(folder, `${seed}.bin`);
}

async function train(name: string, policy: Policy, seed: number): Promise<number> {
  const history = await executor.train(
    {
      trial: 0,
      sample: 0,
      policy,
      seed,
      model: "basiccnn",
      engine: "auto",
      precision: "auto",
      threads: 1,
      epochs: Number(values.epochs),
      batchSize: 64,
      subsetsPath: subsetsPath(seed),
    },
    {},
  );
  const reward = rewardOf(history, { bestEpochs: 3, overfitMargin: 0.1 });
  const qualifying = history.filter(
    ({ accuracy, validationAccuracy }) => accuracy - validationAccuracy <= 0.1,
  ).length;
  const best = Math.max(...history.map(({ validationAccuracy }) => validationAccuracy));
  const { seconds } = history[history.length - 1];
  console.log(
    JSON.stringify({
      policy: name,
      seed,
      reward,
      qualifyingEpochs: qualifying,
      bestValidation: best,
      seconds,
    }),
  );
  return reward;
}

function summarise(rewards: readonly number[]): { mean: number; standardError: number } {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / (rewards.length - 1);
  return { mean, standardError: Math.sqrt(variance / rewards.length) };
}
