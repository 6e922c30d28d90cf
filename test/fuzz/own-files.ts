// The readers of the files that this program itself writes, and of configurations and models.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { readJournal } from "../../src/apply/journal.ts";
import { readRunFile } from "../../src/apply/run-file.ts";
import { BudgetAccount } from "../../src/budget/account.ts";
import { checkFit, checkModel, lookUpModel } from "../../src/child/model.ts";
import { formatSafetensors, readSafetensors } from "../../src/child/safetensors.ts";
import { checksumOf } from "../../src/common/checksum.ts";
import { formatConfig, loadConfig, loadSizedConfig, resolveConfig } from "../../src/config/load.ts";
import { keyOfName, readCache, writeCache } from "../../src/dataset/cache.ts";
import { readSubsets } from "../../src/dataset/subset-file.ts";
import { Experiment } from "../../src/experiment/experiment.ts";
import { parsePastTrials } from "../../src/experiment/past-trials.ts";
import { recoverTrainings } from "../../src/experiment/recovery.ts";
import { readPolicyFile } from "../../src/policy/policy-file.ts";
import { formOf, validatedEpochs } from "../../src/search/settle/controller.ts";
import { checkBegun } from "../../src/search/settle/experiment-facts.ts";
import { rewardSettings } from "../../src/search/settle/files.ts";
import type { Files } from "../dataset/fixtures/files.ts";
import { runCommand } from "./command.ts";
import type { FuzzClass, Seed } from "./input.ts";
import { changeCache, changeHeader, changeJournal, changeSafetensors } from "./sealed.ts";
import { once } from "./seeds.ts";

const ROOT = join(import.meta.dirname, "../..");
const FIXTURES = join(ROOT, "test/fixtures");

/** What scripts/fuzz/make-own-files.ts has written. */
const ownFiles = once(async (): Promise<Files> => {
  const files: Files = {};
  const archive = extract();
  archive.end(gunzipSync(readFileSync(join(FIXTURES, "own-files.tar.gz"))));
  for await (const entry of archive) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    files[entry.header.name.slice("own/".length)] = Buffer.concat(parts);
  }
  return files;
});

/** A folder of the program's. */
async function folderSeed(folder: string): Promise<Seed[]> {
  const files = Object.entries(await ownFiles()).filter(([name]) => name.startsWith(`${folder}/`));
  return [{ name: folder, files: Object.fromEntries(files), path: folder }];
}

/** Files of the program's, each alone. */
async function fileSeeds(...names: readonly string[]): Promise<Seed[]> {
  const files = await ownFiles();
  return names.map((name) => ({ name, files: { [basename(name)]: files[name] }, path: basename(name) }));
}

/** Files of the repository, each alone; of compressed ones what is in them. */
function repositoryFiles(folder: string, pattern: RegExp): Seed[] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => pattern.test(name));
  return names.sort().map((name) => {
    const bytes = readFileSync(join(ROOT, folder, name));
    const plain = name.replace(/\.gz$/, "");
    return { name, files: { [plain]: plain === name ? bytes : gunzipSync(bytes) }, path: plain };
  });
}

/** What a search that is resumed reads before it trains. */
async function resume(folder: string): Promise<string> {
  const experiment = Experiment.open(folder);
  const config = loadSizedConfig(experiment.configPath);
  const facts = experiment.readAllFacts();
  checkBegun(experiment, facts, config);
  const shape = { ...formOf(config), epochs: validatedEpochs(config) ?? config.child_epochs };
  const { recorded } = recoverTrainings({
    notebook: experiment.notebook(shape, null),
    early: experiment.earlyNotebook(shape),
    failures: experiment.failures,
    samples: config.opt_samples,
    rules: { operations: config.operations, reward: rewardSettings(config) },
  });
  return `${recorded.length} trainings`;
}

async function readConfig(path: string): Promise<string> {
  const config = loadConfig({ file: path });
  formatConfig(config);
  resolveConfig(config);
  return config.model;
}

async function readModel(path: string): Promise<string> {
  const { smallestSide } = lookUpModel(path);
  // One is the size of models for any images.
  const side = smallestSide > 1 ? smallestSide : 32;
  checkModel(path, side, side);
  await checkFit(path, { height: side, width: side, classes: 10, replaceHead: true });
  return "a model";
}

const KEY = keyOfName("data", {});

const cacheSeed = once(async (): Promise<Seed[]> => {
  const home = mkdtempSync(join(tmpdir(), "fuzz-cache-"));
  const split = (count: number) => ({
    images: { data: new Uint8Array(count * 12).fill(7), count, height: 2, width: 2, channels: 3 },
    labels: Int32Array.from({ length: count }, (_, i) => i % 2),
  });
  const facts = {
    name: "data",
    classNames: ["cat", "dog"],
    digest: "0123",
    skipped: [{ path: "a.png", reason: "text" }],
  };
  writeCache(home, KEY, { ...facts, train: split(6), test: split(2), notes: ["a note"] });
  const [name] = readdirSync(join(home, "cache"));
  const bytes = readFileSync(join(home, "cache", name));
  rmSync(home, { recursive: true });
  return [{ name: "cache", files: { [`cache/${name}`]: bytes }, path: "." }];
});

async function readCached(home: string): Promise<string> {
  const { dataset, note } = readCache(home, KEY);
  if (dataset?.train.labels.some((label) => label < 0 || label >= dataset.classNames.length))
    throw new Error("a label is outside the classes");
  return note ?? (dataset ? `${dataset.train.images.count} images` : "nothing");
}

const journalSeed = once(async (): Promise<Seed[]> => {
  const augmentation = {
    copy: 1,
    trial: 3,
    chain: 1,
    seed: 5,
    parameters: [{ type: "rotate", parameters: { angle: 3 } }],
  };
  const outputs = [
    { output: "a/0.png", bytes: 70 },
    { output: "a/0-1.png", bytes: 80, augmentation },
  ];
  const entries = [
    { index: 0, height: 2, width: 2, outputs },
    { index: 1, reason: "it is text" },
    { index: 2, height: 3, width: 2, grey: true, unchanged: 1, outputs: outputs.slice(0, 1) },
  ];
  const lines = entries.map((entry) => {
    const json = JSON.stringify(entry).slice(0, -1);
    return `${json},"sum":"${checksumOf(json)}"}\n`;
  });
  return [{ name: "journal", files: { journal: lines.join("") }, path: "journal" }];
});

const planSeed = once(async (): Promise<Seed[]> => {
  const stages = { search: 50, confirmation: 20, evaluation: 30 };
  const choice = { arms: ["none", "policy"], samples: 3, leftOut: [] };
  const facts = {
    ...{
      format: "deepaugment-budget",
      version: 1,
      seconds: 100,
      given: ["data"],
      images: { trainable: 100, test: 20 },
    },
    speed: {
      rates: { training: 9, validation: 20, start: 1 },
      workers: 2,
      draw: { recipes: { flip: 1 }, policy: 1 },
      momentEpochs: 0,
    },
    plan: {
      keys: { child_epochs: 2, iterations: 4, confirm_top: 1, confirm_samples: 2 },
      evaluation: { ...choice, trainImages: 90, testImages: 20, epochs: 3 },
      ...{ estimated: stages, allotted: stages },
    },
    decided: { search: { iterations: 3, confirm_top: 1, confirm_samples: 2 }, evaluation: choice },
    used: { setup: 1, ...stages },
  };
  return [{ name: "plan.json", files: { "plan.json": JSON.stringify(facts) }, path: "." }];
});

const weightSeeds = once(async (): Promise<Seed[]> => {
  const tensors = [
    { name: "conv/kernel", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: "conv/bias", shape: [2], values: Float32Array.of(0, -1) },
    { name: "step", shape: [], values: Float32Array.of(1) },
  ];
  const bytes = formatSafetensors(tensors, { format: "3", state: "{}" });
  return [{ name: "weights", files: { "w.safetensors": bytes }, path: "w.safetensors" }];
});

async function configSeeds(): Promise<Seed[]> {
  const own = await fileSeeds("experiment/config.yaml");
  const text = Buffer.from(Object.values(own[0].files)[0]).toString();
  const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
  const wide = { name: "UTF-16", files: { "config.yaml": utf16 }, path: "config.yaml" };
  return [...own, wide, ...repositoryFiles("configs", /^(?!evaluate).*\.yaml$/)];
}

/** Models whose graphs have many layers take long. */
const LARGEST_MODEL = 60_000;

async function modelSeeds(): Promise<Seed[]> {
  const all = repositoryFiles("test/fixtures/keras", /^keras.*\.(json|json\.gz|keras)$/);
  const small = all.filter(({ files }) => Object.values(files)[0].length < LARGEST_MODEL);
  return [...small, ...(await fileSeeds("evaluation/best-model/model.json"))];
}

const OWN: readonly FuzzClass[] = [
  {
    ...{ name: "configurations", turns: 8, seeds: once(configSeeds) },
    read: readConfig,
  },
  {
    ...{
      name: "policies",
      turns: 6,
      read: async (path) => `${readPolicyFile(path).policies.length} policies`,
    },
    seeds: once(async () => [
      ...(await fileSeeds("experiment/policies.json", "experiment/best.json")),
      ...repositoryFiles("configs/policies", /json$/),
    ]),
  },
  {
    name: "experiments, shown",
    turns: 4,
    seeds: () => folderSeed("experiment"),
    read: (path) => runCommand("show", path),
  },
  { name: "experiments, resumed", turns: 6, seeds: () => folderSeed("experiment"), read: resume },
  {
    name: "evaluations, shown",
    turns: 4,
    seeds: () => folderSeed("evaluation"),
    read: (path) => runCommand("show", path),
  },
  {
    ...{
      name: "notebooks",
      turns: 4,
      seeds: () => fileSeeds("experiment/notebook.csv", "experiment/confirmations.csv"),
    },
    read: async (path) => `${parsePastTrials(readFileSync(path, "utf8"), path).trials.length} trials`,
  },
  {
    ...{ name: "apply.json", turns: 3, seeds: () => fileSeeds("applied/apply.json") },
    read: async (path) => readRunFile(join(path, "..")).format,
  },
  {
    ...{ name: "journals", turns: 3, seeds: journalSeed, change: changeJournal },
    read: async (path) => `${[...readJournal(path)].length} entries`,
  },
  {
    ...{ name: "plan.json", turns: 2, seeds: planSeed },
    read: async (path) => `${BudgetAccount.open(path, () => 0).left} seconds`,
  },
  { name: "caches", turns: 4, seeds: cacheSeed, change: changeCache, read: readCached },
  {
    ...{ name: "subset files", turns: 3, seeds: () => fileSeeds("subsets.data"), change: changeHeader },
    read: async (path) => `${readSubsets(path).train.images.count} images`,
  },
  {
    ...{ name: "weights", turns: 4, seeds: weightSeeds, change: changeSafetensors },
    read: async (path) => `${readSafetensors(path).tensors.size} tensors`,
  },
];

export const OWN_CLASSES: readonly FuzzClass[] = [
  ...OWN.map((each) => ({ ...each, isOwn: true })),
  { name: "models", turns: 4, seeds: once(modelSeeds), read: readModel },
];
