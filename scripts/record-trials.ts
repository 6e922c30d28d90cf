// Records real trials of random policies in a file (test/fixtures/trials.jsonl) on which controllers are compared (npm
// run bench:regret): the basic CNN with 2,000 training and 1,000 validation images of CIFAR-10, one sample per trial,
// like the trials of `optimize --config configs/cifar10.yaml` with method random, opt_samples 1 and child_epochs 15.
//
//   npm run record:trials                          # 400 policies and the baseline; takes hours
//   npm run record:trials -- --trials 100-199 --out part.jsonl
//
// Each trial is a JSON line, appended when its training ends; trials that the file already has are not trained again.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { inspectionOf } from "../src/child/model.ts";
import { rewardOf } from "../src/child/reward.ts";
import { UsageError } from "../src/common/errors.ts";
import type { EngineChoice, PrecisionChoice } from "../src/config/engines.ts";
import { TECHNIQUES } from "../src/config/techniques.ts";
import { randomSearchPoint } from "../src/controller/controller.ts";
import { loadDataset } from "../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../src/dataset/subset-file.ts";
import { drawSubsets } from "../src/dataset/subsets.ts";
import { probeEngine, resolveEngine } from "../src/engine/choose.ts";
import { formatPolicy, noAugmentation, type Policy } from "../src/policy/policy.ts";
import { createSpace, pointToPolicy } from "../src/policy/space.ts";
import { contentRef } from "../src/search/content.ts";
import { ProcessExecutor } from "../src/search/executors/processes.ts";
import { RetryingExecutor } from "../src/search/executors/retrying.ts";
import { runScript } from "./run-script.ts";

/** A line of the file. */
interface RecordedTrial {
  /** 0 is the baseline. */
  readonly trial: number;
  readonly policy: Policy;
  readonly reward: number;
  /** One value per epoch, as in `validationAccuracies`. */
  readonly accuracies: readonly number[];
  readonly validationAccuracies: readonly number[];
  readonly engine: string;
}

const SEED = 0;
const REWARD = { bestEpochs: 3, overfitMargin: 0.1 };

await runScript(main);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      trials: { type: "string", default: "0-400" },
      epochs: { type: "string", default: "15" },
      engine: { type: "string", default: "native" },
      precision: { type: "string", default: "auto" },
      workers: { type: "string", default: String(availableParallelism()) },
      data: { type: "string", default: "cifar10" },
      out: { type: "string", default: "test/fixtures/trials.jsonl" },
    },
  });
  const range = /^(\d+)-(\d+)$/.exec(values.trials);
  if (!range) throw new UsageError(`--trials is "${values.trials}"; give a range such as 0-400`);
  const [first, last] = [Number(range[1]), Number(range[2])];
  const known = readTrials(values.out);
  const { identity } = await resolveEngine(
    values.engine as EngineChoice,
    values.precision as PrecisionChoice,
    (name) => probeEngine(name, inspectionOf("basiccnn", { height: 32, width: 32, classes: 10 })),
  );
  const { name: engine, precision, kernels } = identity;
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-trials-"));
  const executor = new RetryingExecutor(new ProcessExecutor(Number(values.workers)));
  try {
    const subsetsPath = join(folder, "subsets.bin");
    const dataset = await loadDataset(values.data);
    const drawn = drawSubsets(dataset, { trainSize: 2000, validationSize: 1000, seed: SEED });
    writeSubsets(subsetsPath, selectSubsets(dataset, drawn));
    const subsets = contentRef(subsetsPath);
    const record = async (trial: number) => {
      const policy = policyOf(trial);
      const { history } = await executor.train(
        {
          ...{ trial, sample: 0, policy, seed: SEED, model: "basiccnn", engine, precision, threads: 1 },
          ...{ epochs: Number(values.epochs), batchSize: 64, subsets },
        },
        {},
      );
      const line: RecordedTrial = {
        ...{ trial, policy, reward: rewardOf(history, REWARD) },
        accuracies: history.map(({ accuracy }) => Number(accuracy.toFixed(4))),
        validationAccuracies: history.map(({ validationAccuracy }) => validationAccuracy),
        engine: [engine, precision, kernels].filter(Boolean).join(", "),
      };
      appendFileSync(values.out, `${JSON.stringify(line)}\n`);
      process.stderr.write(`trial ${trial}: reward ${line.reward.toFixed(3)}, ${formatPolicy(policy)}\n`);
    };
    const wanted = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    await Promise.all(wanted.filter((trial) => !known.has(trial)).map(record));
  } finally {
    await executor.close();
    rmSync(folder, { recursive: true });
  }
}

/** The trial's policy in a random search with seed 0. */
function policyOf(trial: number): Policy {
  const shape = { chains: 1, operationsPerChain: 2 };
  const space = createSpace({ ...shape, operations: TECHNIQUES });
  return trial === 0
    ? noAugmentation(shape.chains, shape.operationsPerChain)
    : pointToPolicy(space, randomSearchPoint(space.dimensions, SEED, trial));
}

/** The numbers of the trials in the file. */
function readTrials(path: string): Set<number> {
  if (!existsSync(path)) return new Set();
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return new Set(lines.map((line) => (JSON.parse(line) as RecordedTrial).trial));
}
