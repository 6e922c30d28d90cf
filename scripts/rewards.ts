// Compares the rewards of the basic CNN on CIFAR-10, without augmentation and with horizontal flips added, in each
// precision of an engine, with those of the same child in PyTorch: shows that the child learns as it should.
//
//   npm run rewards                                     # ten seeds, 50 epochs, both policies, the engine of `auto`
//   npm run rewards -- --precision float32,bfloat16 --python python3 --page docs/performance.md
//   node scripts/rewards.ts --seeds 4,5 --policy flips --engine wasm
//   node scripts/rewards.ts --found <an experiment>/best.json --policy portion   # a search's policy, on other images
//
// The setup is that of the PyTorch reference: 2,000 training and 1,000 validation images of CIFAR-10's training set,
// drawn anew for each seed; batches of 64. If `--python` has torch, it also trains on the same images, including
// augmented ones, so that only weights, order and dropout differ. Each training is a JSON line on stderr; the table is
// on stdout. `--results FILE` also keeps the lines in FILE; trainings that the file already has are not repeated.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { augmentTrainingSet } from "../src/augment/policy.ts";
import { inspectionOf } from "../src/child/model.ts";
import { type EpochResult, rewardOf } from "../src/child/reward.ts";
import { describeMachine } from "../src/common/machine.ts";
import { standardErrorOf } from "../src/common/mean.ts";
import { seedOf } from "../src/common/random.ts";
import type { EngineChoice, EngineName, PrecisionChoice } from "../src/config/engines.ts";
import { loadDataset } from "../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../src/dataset/subset-file.ts";
import { drawSubsets } from "../src/dataset/subsets.ts";
import { probeEngine, resolveEngine } from "../src/engine/choose.ts";
import { formatPolicy, noAugmentation, type Policy } from "../src/policy/policy.ts";
import { readPolicyFile } from "../src/policy/policy-file.ts";
import { contentRef } from "../src/search/content.ts";
import { ProcessExecutor } from "../src/search/executors/processes.ts";
import { RetryingExecutor } from "../src/search/executors/retrying.ts";
import { formatMachine } from "./bench/training/machine.ts";
import { writePart } from "./bench/training/page-part.ts";
import { TorchTrainer } from "./rewards/torch-trainer.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3,4,5,6,7,8,9,10" },
    policy: { type: "string", default: "" },
    found: { type: "string" },
    engine: { type: "string", default: "auto" },
    precision: { type: "string", default: "auto" },
    epochs: { type: "string", default: "50" },
    workers: { type: "string", default: String(availableParallelism()) },
    python: { type: "string" },
    results: { type: "string" },
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
  /** PyTorch 1.13 on a CPU in float32, five seeds; undefined if not measured. */
  readonly pytorch?: Mean;
}

const CASES: readonly Case[] = [
  { name: "no augmentation", policy: noAugmentation(1, 2), pytorch: { mean: 0.495, standardError: 0.011 } },
  {
    name: "horizontal flips added",
    policy: { chains: [[{ type: "horizontal-flip", magnitude: 1 }]], portion: 1 },
    pytorch: { mean: 0.545, standardError: 0.013 },
  },
];

/** Trains one child on the images of a seed with the policy of a case. */
type Train = (example: Case, seed: number) => Promise<readonly EpochResult[]>;

interface Side {
  readonly name: string;
  readonly train: Train;
}

interface Row extends Mean {
  readonly side: string;
  readonly example: Case;
  readonly rewards: readonly number[];
}

/** A line of the results. */
interface Training {
  readonly policy: string;
  readonly side: string;
  readonly seed: number;
  readonly epochs: number;
  readonly reward: number;
  readonly qualifyingEpochs: number;
  readonly bestValidation: number;
  readonly seconds: number;
}

const BATCH_SIZE = 64;
const epochs = Number(values.epochs);
const workers = Number(values.workers);
const seeds = values.seeds.split(",").map(Number);
const folder = mkdtempSync(join(tmpdir(), "deepaugment-rewards-"));
const executor = new RetryingExecutor(new ProcessExecutor(workers));
const known = values.results ? readResults(values.results) : [];
let torch: TorchTrainer | undefined;
try {
  if (values.python) torch = await TorchTrainer.start(values.python, workers);
  const found = values.found === undefined ? [] : readPolicyFile(values.found).policies.slice(0, 1);
  const cases = [...CASES, ...found.map((policy) => ({ name: formatPolicy(policy), policy }))].filter(
    ({ name }) => name.includes(values.policy),
  );
  await writeImages(cases);
  const sides = await Promise.all(
    values.precision
      .split(",")
      .map((precision) => ourSide(values.engine as EngineChoice, precision as PrecisionChoice)),
  );
  const rows = await measureAll(sides, cases);
  const peers = torch ? await measureAll([torchSide(torch)], cases) : [];
  const lines = pageLines(rows, peers);
  console.log(lines.join("\n"));
  if (values.page) writePart(values.page, "rewards", lines, "Performance");
} finally {
  torch?.close();
  await executor.close();
  rmSync(folder, { recursive: true });
}

function readResults(path: string): Training[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Training);
}

/** Writes for each seed the subsets as drawn, and for each case the augmented ones that a search would train on. */
async function writeImages(cases: readonly Case[]): Promise<void> {
  const dataset = await loadDataset("cifar10");
  for (const seed of seeds) {
    const drawn = drawSubsets(dataset, { trainSize: 2000, validationSize: 1000, seed });
    const subsets = selectSubsets(dataset, drawn);
    writeSubsets(subsetsPath(seed), subsets);
    if (!values.python) continue;
    for (const { name, policy } of cases) {
      const train = augmentTrainingSet(subsets.train, policy, seedOf(seed, "augment", 0));
      writeSubsets(subsetsPath(seed, name), { ...subsets, train });
    }
  }
}

function subsetsPath(seed: number, augmentedBy = ""): string {
  return join(folder, `${seed} ${augmentedBy}.bin`);
}

async function ourSide(choice: EngineChoice, precisionChoice: PrecisionChoice): Promise<Side> {
  const inspection = inspectionOf("basiccnn", { height: 32, width: 32, classes: 10 });
  const probe = (name: EngineName) => probeEngine(name, inspection);
  const { identity } = await resolveEngine(choice, precisionChoice, probe);
  const { name: engine, precision, kernels } = identity;
  return {
    name: [engine, precision, ...(kernels ? [kernels] : [])].join(", "),
    train: async ({ policy }, seed) => {
      const task = {
        ...{ trial: 0, sample: 0, policy, seed, model: "basiccnn", engine, precision, threads: 1, epochs },
        ...{ batchSize: BATCH_SIZE, subsets: contentRef(subsetsPath(seed)) },
      };
      return (await executor.train(task, {})).history;
    },
  };
}

function torchSide(trainer: TorchTrainer): Side {
  return {
    name: `PyTorch ${trainer.version}, float32`,
    train: ({ name }, seed) =>
      trainer.train({ subsets: subsetsPath(seed, name), seed, epochs, batchSize: BATCH_SIZE }),
  };
}

function measureAll(sides: readonly Side[], cases: readonly Case[]): Promise<Row[]> {
  return Promise.all(sides.flatMap((side) => cases.map((example) => measure(side, example))));
}

async function measure({ name, train }: Side, example: Case): Promise<Row> {
  const rewards = await Promise.all(
    seeds.map(async (seed) => {
      const isWanted = (each: Training) =>
        each.side === name && each.policy === example.name && each.seed === seed && each.epochs === epochs;
      const before = known.find(isWanted);
      if (before) return before.reward;
      const training = describe(name, example, seed, await train(example, seed));
      const line = `${JSON.stringify(training)}\n`;
      process.stderr.write(line);
      if (values.results) appendFileSync(values.results, line);
      return training.reward;
    }),
  );
  return { side: name, example, rewards, ...summarise(rewards) };
}

function describe(side: string, example: Case, seed: number, history: readonly EpochResult[]): Training {
  const excess = history.map(({ accuracy, validationAccuracy }) => accuracy - validationAccuracy);
  return {
    policy: example.name,
    side,
    seed,
    epochs,
    reward: rewardOf(history, { bestEpochs: 3, overfitMargin: 0.1 }),
    qualifyingEpochs: excess.filter((each) => each <= 0.1).length,
    bestValidation: Math.max(...history.map(({ validationAccuracy }) => validationAccuracy)),
    seconds: history[history.length - 1].seconds,
  };
}

function summarise(values: readonly number[]): Mean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, standardError: standardErrorOf(values, mean) };
}

function pageLines(rows: readonly Row[], peers: readonly Row[]): string[] {
  return [
    `Rewards of the basic CNN on CIFAR-10 (${epochs} epochs of 2,000 images, 1,000 validation images, drawn anew for each seed; the mean`,
    "of the 3 best validation accuracies among epochs that do not overfit by more than 0.10), mean ± standard error, and their",
    "distance from PyTorch's: from the mean of five seeds with other images (PyTorch 1.13, float32), in standard errors of the",
    "difference; and, if measured, seed by seed from PyTorch on the same images.",
    `Measured on ${formatMachine(describeMachine())}, by`,
    "",
    "```sh",
    `npm run rewards -- ${process.argv.slice(2).join(" ")}`.trimEnd().replace(/ --$/, ""),
    "```",
    "",
    `| policy | trained on | reward | PyTorch, other images | distance | PyTorch, same images: difference | distance | rewards of seeds ${values.seeds.replaceAll(",", ", ")} |`,
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ...[...rows, ...peers].map((row) => {
      const { side, example, rewards, mean, standardError } = row;
      const { pytorch } = example;
      const distance = pytorch && (mean - pytorch.mean) / Math.hypot(standardError, pytorch.standardError);
      const peer = peers.find((each) => each.example === example && each !== row);
      const difference = peer && summarise(rewards.map((reward, i) => reward - peer.rewards[i]));
      const cells = [
        example.name,
        side,
        formatMean({ mean, standardError }),
        pytorch ? formatMean(pytorch) : "",
        distance === undefined ? "" : distance.toFixed(1),
        difference ? formatMean(difference) : "",
        difference ? (difference.mean / difference.standardError).toFixed(1) : "",
        rewards.map((reward) => reward.toFixed(3)).join(" "),
      ];
      return `| ${cells.join(" | ")} |`;
    }),
  ];
}

function formatMean({ mean, standardError }: Mean): string {
  return `${mean.toFixed(3)} ± ${standardError.toFixed(3)}`;
}
