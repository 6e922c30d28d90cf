// Rewards of the basic CNN on real CIFAR-10, without augmentation and with horizontal flips added, in each precision of an
// engine, beside those that the same child reaches in PyTorch: shows that the child learns what it should.
//
//   npm run rewards                                     # ten seeds, 50 epochs, both policies, what `auto` takes
//   npm run rewards -- --precision float32,bfloat16 --page docs/performance.md
//   node scripts/rewards.ts --seeds 4,5 --policy flips --engine wasm
//
// As PyTorch's were measured: 2,000 training and 1,000 validation images of CIFAR-10's training set, drawn anew for each
// seed; batches of 64. Each training is a JSON line on stderr; the table is on stdout.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { rewardOf } from "../src/child/reward.ts";
import { describeMachine } from "../src/common/machine.ts";
import { loadDataset } from "../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../src/dataset/subset-file.ts";
import { drawSubsets } from "../src/dataset/subsets.ts";
import {
  type EngineChoice,
  type EngineIdentity,
  type PrecisionChoice,
  resolveEngine,
} from "../src/engine/engine.ts";
import { noAugmentation, type Policy } from "../src/policy/policy.ts";
import { ProcessExecutor } from "../src/search/executor.ts";
import { formatMachine } from "./bench/training/machine.ts";
import { writePart } from "./bench/training/page-part.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3,4,5,6,7,8,9,10" },
    policy: { type: "string", default: "" },
    engine: { type: "string", default: "auto" },
    precision: { type: "string", default: "auto" },
    epochs: { type: "string", default: "50" },
    workers: { type: "string", default: String(availableParallelism()) },
    page: { type: "string" },
  },
});

interface Mean {
  readonly mean: number;
  readonly standardError: number;
}

interface Case {
  readonly name: string;
  readonly policy: Policy;
  /** PyTorch 1.13 on a CPU in float32, five seeds. */
  readonly pytorch: Mean;
}

const CASES: readonly Case[] = [
  { name: "no augmentation", policy: noAugmentation(1, 2), pytorch: { mean: 0.495, standardError: 0.011 } },
  {
    name: "horizontal flips added",
    policy: { chains: [[{ type: "horizontal-flip", magnitude: 1 }]], portion: 1 },
    pytorch: { mean: 0.545, standardError: 0.013 },
  },
];

const seeds = values.seeds.split(",").map(Number);
const folder = mkdtempSync(join(tmpdir(), "deepaugment-rewards-"));
const executor = new ProcessExecutor(Number(values.workers));
try {
  const dataset = await loadDataset("cifar10");
  for (const seed of seeds) {
    const drawn = drawSubsets(dataset, { trainSize: 2000, validationSize: 1000, seed });
    writeSubsets(subsetsPath(seed), selectSubsets(dataset, drawn));
  }
  const resolved = values.precision
    .split(",")
    .map((precision) => resolveEngine(values.engine as EngineChoice, precision as PrecisionChoice));
  const engines = (await Promise.all(resolved)).map(({ identity }) => identity);
  const cases = CASES.filter(({ name }) => name.includes(values.policy));
  const rows = await Promise.all(engines.flatMap((engine) => cases.map((each) => measure(engine, each))));
  const lines = pageLines(rows);
  console.log(lines.join("\n"));
  if (values.page) writePart(values.page, "rewards", lines, "Performance");
} finally {
  await executor.close();
  rmSync(folder, { recursive: true });
}

interface Row extends Mean {
  readonly engine: EngineIdentity;
  readonly example: Case;
  readonly rewards: readonly number[];
  /** From PyTorch's mean, in standard errors of the difference. */
  readonly distance: number;
}

async function measure(engine: EngineIdentity, example: Case): Promise<Row> {
  const rewards = await Promise.all(seeds.map((seed) => train(engine, example, seed)));
  const { mean, standardError } = summarise(rewards);
  const { pytorch } = example;
  const distance = (mean - pytorch.mean) / Math.hypot(standardError, pytorch.standardError);
  return { engine, example, rewards, mean, standardError, distance };
}

function pageLines(rows: readonly Row[]): string[] {
  return [
    `Rewards of the basic CNN on CIFAR-10 (${values.epochs} epochs of 2,000 images, 1,000 to validate, drawn anew for each seed; the mean`,
    "of the 3 best validation accuracies among epochs that do not overfit by more than 0.10), and how far their mean is from",
    "PyTorch's, in standard errors of the difference (PyTorch 1.13, float32, five seeds of its own).",
    `Measured on ${formatMachine(describeMachine())}, by`,
    "",
    "```sh",
    `npm run rewards -- ${process.argv.slice(2).join(" ")}`.trimEnd().replace(/ --$/, ""),
    "```",
    "",
    `| policy | engine | mean ± standard error | PyTorch | distance | rewards of seeds ${values.seeds.replaceAll(",", ", ")} |`,
    "| --- | --- | ---: | ---: | ---: | --- |",
    ...rows.map(({ engine, example, rewards, mean, standardError, distance }) => {
      const { name, pytorch } = example;
      const cells = [
        name,
        [engine.name, engine.precision, ...(engine.kernels ? [engine.kernels] : [])].join(", "),
        formatMean({ mean, standardError }),
        formatMean(pytorch),
        distance.toFixed(1),
        rewards.map((reward) => reward.toFixed(3)).join(" "),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}

function formatMean({ mean, standardError }: Mean): string {
  return `${mean.toFixed(3)} ± ${standardError.toFixed(3)}`;
}

function subsetsPath(seed: number): string {
  return join(folder, `${seed}.bin`);
}

async function train(
  { name: engine, precision }: EngineIdentity,
  { name, policy }: Case,
  seed: number,
): Promise<number> {
  const history = await executor.train(
    {
      trial: 0,
      sample: 0,
      policy,
      seed,
      model: "basiccnn",
      engine: engine as EngineChoice,
      precision,
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
  console.error(
    JSON.stringify({
      policy: name,
      engine,
      precision,
      seed,
      reward,
      qualifyingEpochs: qualifying,
      bestValidation: best,
      seconds,
    }),
  );
  return reward;
}

function summarise(rewards: readonly number[]): Mean {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const variance = rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / (rewards.length - 1);
  return { mean, standardError: Math.sqrt(variance / rewards.length) };
}
