// The folder of a finished search of any size, without a training: rewards and curves are made up.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EpochResult } from "../../src/child/reward.ts";
import { rewardOf } from "../../src/child/reward.ts";
import { Random } from "../../src/common/random.ts";
import { formatConfig, resolveConfig } from "../../src/config/load.ts";
import { randomPoint } from "../../src/controller/controller.ts";
import { Experiment } from "../../src/experiment/experiment.ts";
import { confirmedGains } from "../../src/experiment/gains.ts";
import { rankPolicies } from "../../src/experiment/ranking.ts";
import { type TrainingRecord, trialOf } from "../../src/experiment/records.ts";
import { baseAlone } from "../../src/policy/form.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { pointToPolicy } from "../../src/policy/space.ts";
import { formOf, spaceOf } from "../../src/search/settle/controller.ts";

export interface MadeOptions {
  /** Besides the baseline. */
  readonly trials: number;
  readonly epochs?: number;
  readonly data?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

const VALIDATION_IMAGES = 1000;
const FRESH = 3;
const CONFIRMED = 3;

/** Writes the folder. Policies of chains by default, with a row for every epoch. */
export function makeExperiment(folder: string, options: MadeOptions): string {
  const { trials, epochs = 5, data = "cifar10", settings = {} } = options;
  const config = resolveConfig({
    ...{ data, iterations: trials, image_size: 32, train_set_size: 2000, opt_samples: 1 },
    ...{ validation_set_size: VALIDATION_IMAGES, child_epochs: epochs, child_batch_size: 64 },
    ...{ families: [], redraw: "once", magnitudes: "fixed", bases: ["none"], reward: "original" },
    ...{ policy_chains: 1, operations_per_chain: 2, operations: "original", confirm_samples: FRESH },
    ...{ workers: 1, engine: "wasm", ...settings },
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.yaml"), formatConfig(config));
  writeFileSync(join(folder, "experiment.json"), "{}");
  const experiment = Experiment.open(folder);
  const dataset = { name: "made up", classes: 10, imageShape: [32, 32, 3] as const };
  experiment.writeFacts({
    ...{ format: "deepaugment-experiment", version: 1, seed: 0, startedAt: "2026-01-31T12:00:00.000Z" },
    ...{ versions: { deepaugment: "0" }, engine: "wasm", precision: "float32", kernels: null, lag: 1 },
    machine: { cpu: "made up", cores: 2, memoryGiB: 4, system: "Linux" },
    dataset: { ...dataset, digest: "0".repeat(64) },
    subsets: {
      train: [0],
      validation: Array.from({ length: VALIDATION_IMAGES }, (_, i) => i + 1),
      validationFrom: "train",
    },
  });
  const random = new Random("a made experiment");
  const space = spaceOf(config);
  const reward = config.reward === "original" ? { bestEpochs: 3, overfitMargin: 0.1 } : ("averaged" as const);
  const train = (trial: number, sample: number, policy: Policy): TrainingRecord => {
    const helps = policy.chains.flat().filter(({ type }) => type === "horizontal-flip").length;
    const history = historyOf(epochs, 0.5 + 0.05 * policy.portion * helps, random);
    return { trial, sample, policy, history, reward: rewardOf(history, reward) };
  };
  const records = Array.from({ length: trials + 1 }, (_, trial) =>
    train(
      trial,
      0,
      trial === 0 ? baseAlone(formOf(config)) : pointToPolicy(space, randomPoint(space.dimensions, random)),
    ),
  );
  const shape = { ...formOf(config), epochs };
  experiment.notebook(shape, null).rewrite(records);
  const judged = records.map((record) => trialOf([record]));
  const best = judged.slice(1).toSorted((a, b) => b.reward - a.reward);
  const fresh = [judged[0], ...best.slice(0, CONFIRMED)].flatMap(({ trial, policy }) =>
    Array.from({ length: FRESH }, (_, sample) => train(trial, 1 + sample, policy)),
  );
  experiment.confirmations(shape).rewrite(fresh);
  const gains = confirmedGains(fresh, { first: 1, count: FRESH }, VALIDATION_IMAGES);
  const groups = [0, ...gains.keys()].map((trial) => trialOf(fresh.filter((each) => each.trial === trial)));
  const confirmed = new Map(groups.map((group) => [group.trial, group]));
  const ranking = rankPolicies(judged, { confirmed, gains });
  const file = { dataset, ...ranking };
  experiment.writePolicies(file, { ...file, policies: file.policies.slice(0, 1) });
  experiment.markFinished(trials);
  return folder;
}

function historyOf(epochs: number, level: number, random: Random): EpochResult[] {
  return Array.from({ length: epochs }, (_, i) => {
    const accuracy = clamped(level * (1 - 0.7 ** (i + 1)) + random.normal(0, 0.01));
    const validationAccuracy = clamped(accuracy - 0.02 + random.normal(0, 0.01));
    return {
      ...{ epoch: i + 1, loss: 1, accuracy, validationLoss: 1, validationAccuracy },
      seconds: 2 * (i + 1),
    };
  });
}

function clamped(share: number): number {
  return Math.round(1000 * Math.min(1, Math.max(0, share))) / 1000;
}
