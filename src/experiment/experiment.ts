// An experiment's folder: everything that a search produces, and from which it is resumed.

import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { UsageError } from "../common/errors.ts";
import { appendWhole, isFolder, readJson, readText, writeFileWhole, writeJson } from "../common/files.ts";
import { printable, printableLines } from "../common/printable.ts";
import { createRunFolder } from "../common/run-folder.ts";
import { ENGINE_NAMES, type EngineName, PRECISIONS, type Precision } from "../config/engines.ts";
import { formatPolicyFile, type PolicyFile } from "../policy/policy-file.ts";
import type { Settings } from "./begun.ts";
import { Checksums } from "./checksums.ts";
import { FailureList } from "./failures.ts";
import { Notebook } from "./notebook.ts";
import type { NotebookShape } from "./rows.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** How a run began, whether it searches or evaluates. */
export interface RunFacts {
  readonly seed: number;
  readonly startedAt: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly engine: EngineName;
  readonly precision: Precision;
  /** The instruction set of engine native's kernels; null for another engine, absent in older files. */
  readonly kernels?: string | null;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly system: string;
  };
  readonly dataset: {
    readonly name: string;
    readonly digest: string;
    readonly classes: number;
    readonly imageShape: readonly number[];
  };
  /** Of the user's own model; absent for a named model. */
  readonly model?: {
    /** As in the configuration. */
    readonly file: string;
    /** SHA-256 of `model.json`. */
    readonly digest: string;
  };
}

/** `experiment.json`: what a reader needs to judge the results, and a resumed search to continue in the same way. */
export interface ExperimentFacts extends RunFacts {
  readonly format: "deepaugment-experiment";
  readonly version: 1;
  /** How many trials may be in flight: trial t is proposed from the results of the trials up to t − lag. */
  readonly lag: number;
  readonly subsets: {
    readonly train: readonly number[];
    readonly validation: readonly number[];
    readonly validationFrom: "train" | "validation";
  };
  /** The keys of the configuration that decide the result of a training; absent in older files. */
  readonly settings?: Settings;
  /** The trials that are trained again, the baseline first; absent before the confirmation starts, and in older files. */
  readonly confirming?: {
    /** Trials of the search, besides the baseline: with another number, a later run has added trials. */
    readonly iterations: number;
    readonly trials: readonly number[];
  };
  /** The results of a run that did all that its configuration asks for; absent before, and in older files. */
  readonly finished?: {
    /** Besides the baseline. */
    readonly trials: number;
    /** SHA-256 of `policies.json`: if it has another, a later run has continued. */
    readonly policies: string;
  };
}

/** The facts of an experiment as far as they are needed to use its results; older files may have no more. */
export type KnownFacts = Partial<Omit<ExperimentFacts, "dataset">> &
  Pick<ExperimentFacts, "format" | "version" | "subsets"> & {
    readonly dataset: Omit<RunFacts["dataset"], "classes"> & Partial<Pick<RunFacts["dataset"], "classes">>;
  };

/** Indices of images, ascending. */
export const INDICES = z
  .array(z.int().nonnegative())
  .refine((indices) => indices.every((index, i) => i === 0 || index > indices[i - 1]), {
    error: "expected ascending numbers of images",
  });

const DATASET = z.looseObject({
  ...{ name: z.string(), digest: z.string(), classes: z.int().positive() },
  imageShape: z.array(z.int().positive()).length(3),
});

/** What the facts of any run have. */
export const RUN_FACTS = {
  seed: z.int().nonnegative(),
  startedAt: z.string(),
  versions: z.record(z.string(), z.string()),
  ...{ engine: z.enum(ENGINE_NAMES), precision: z.enum(PRECISIONS) },
  kernels: z.string().nullable().optional(),
  machine: z.looseObject({
    ...{ cpu: z.string(), cores: z.int().positive(), memoryGiB: z.number(), system: z.string() },
  }),
  dataset: DATASET,
  model: z.looseObject({ file: z.string(), digest: z.string() }).optional(),
};

/** `experiment.json` */
const FACTS = z.looseObject({
  format: z.literal("deepaugment-experiment", { error: "it has another format" }),
  version: z.literal(1, { error: "it has another format" }),
  ...RUN_FACTS,
  lag: z.int().positive(),
  subsets: z.looseObject({
    train: INDICES,
    validation: INDICES,
    validationFrom: z.enum(["train", "validation"]),
  }),
  settings: z.record(z.string(), z.unknown()).optional(),
  confirming: z
    .looseObject({ iterations: z.int().nonnegative(), trials: z.array(z.int().nonnegative()) })
    .optional(),
  finished: z.looseObject({ trials: z.int().nonnegative(), policies: z.string() }).optional(),
});

const BEGINNING = {
  seed: true,
  startedAt: true,
  versions: true,
  engine: true,
  precision: true,
  machine: true,
} as const;
const KNOWN = FACTS.partial({ ...BEGINNING, lag: true }).extend({
  dataset: DATASET.partial({ classes: true }),
});

/** The name of a file that every experiment has, and this folder has not; undefined if it has them all. */
function missingFile(folder: string): string | undefined {
  return ["config.yaml", "experiment.json"].find((file) => !existsSync(join(folder, file)));
}

/** The last by name, which begins with the date, of the experiments in a folder; undefined if there are none. */
function latestExperiment(folder: string): string | undefined {
  if (!isFolder(folder)) return undefined;
  const inner = readdirSync(folder).map((name) => join(folder, name));
  return inner.sort().findLast((path) => !missingFile(path));
}

export class Experiment {
  readonly folder: string;
  readonly #logLevel: LogLevel;
  readonly #sums: Checksums;

  private constructor(folder: string, logLevel: LogLevel) {
    this.folder = folder;
    this.#logLevel = logLevel;
    this.#sums = new Checksums(this.folder);
  }

  /**
   * Makes a new folder `<out>/<YYYY-MM-DD_HH-MM-SS>[-name]`; a number is added if that exists.
   * @throws RunError if it cannot be made.
   */
  static create(out: string, name: string | null, logLevel: LogLevel): Experiment {
    return new Experiment(createRunFolder(out, name, "experiment"), logLevel);
  }

  /** An existing experiment. @throws UsageError if the folder is not one. */
  static open(folder: string, logLevel: LogLevel = "info"): Experiment {
    const missing = missingFile(folder);
    if (missing) {
      const latest = latestExperiment(folder);
      throw new UsageError(
        latest
          ? `${folder} contains experiments: give one of them, such as the latest, ${latest}`
          : `${folder} is not an experiment of this program (it has no ${missing}); give the folder of one`,
      );
    }
    return new Experiment(folder, logLevel);
  }

  path(file: string): string {
    return join(this.folder, file);
  }

  get configPath(): string {
    return this.path("config.yaml");
  }

  /** Writes `config.yaml`, unless that is what it contains. */
  writeConfig(yaml: string): void {
    const isSame = existsSync(this.configPath) && readText(this.configPath) === yaml;
    if (!isSame) writeFileWhole(this.configPath, yaml);
  }

  /** A copy of what is used of the user's own model, so that the experiment does not need the file. */
  get modelPath(): string {
    return this.path("model.json");
  }

  writeModel(json: string): void {
    writeFileWhole(this.modelPath, json);
  }

  writeFacts(facts: ExperimentFacts | KnownFacts): void {
    writeJson(this.path("experiment.json"), facts);
  }

  /** @throws UsageError if `experiment.json` is damaged. */
  readFacts(): KnownFacts {
    return readJson(this.path("experiment.json"), KNOWN);
  }

  /** With all by which a run is resumed. @throws UsageError naming what is missing or wrong. */
  readAllFacts(): ExperimentFacts {
    return readJson(this.path("experiment.json"), FACTS);
  }

  /** Records in `experiment.json` that trials are trained again. */
  markConfirming(confirming: NonNullable<ExperimentFacts["confirming"]>): void {
    this.#addFacts({ confirming });
  }

  /** Records in `experiment.json` that all is done and ranked. @param trials besides the baseline. */
  markFinished(trials: number): void {
    this.#addFacts({ finished: { trials, policies: this.#digestOfPolicies() } });
  }

  /** Nothing is written if the facts are as they were. */
  #addFacts(more: Pick<ExperimentFacts, "confirming" | "finished">): void {
    const facts = this.readFacts();
    const all = { ...facts, ...more };
    if (!isDeepStrictEqual(all, facts)) this.writeFacts(all);
  }

  /**
   * Whether a run of this many trials did all that there was to do, and none has continued since. For an experiment of an
   * older version, the log's last line says so.
   */
  isFinished(trials: number): boolean {
    const { finished } = this.readFacts();
    if (!existsSync(this.path("policies.json"))) return false;
    if (finished) return finished.trials === trials && finished.policies === this.#digestOfPolicies();
    const log = this.path("experiment.log");
    return existsSync(log) && / info finished\n$/.test(readText(log));
  }

  /** Whether `policies.json` is not what the run of this many trials wrote in the end. */
  hasOtherPolicies(trials: number): boolean {
    const { finished } = this.readFacts();
    return finished?.trials === trials && finished.policies !== this.#digestOfPolicies();
  }

  #digestOfPolicies(): string {
    return createHash("sha256")
      .update(readText(this.path("policies.json")))
      .digest("hex");
  }

  /** @param notebookPath if the configuration puts it elsewhere. */
  notebook(shape: NotebookShape, notebookPath: string | null): Notebook {
    return new Notebook(notebookPath ?? this.path("notebook.csv"), shape, this.#sums);
  }

  /**
   * A second notebook: trainings that ended before their turn are kept there until then, so that a crash does not lose
   * them. It exists only while a search runs, or after one was interrupted.
   */
  earlyNotebook(shape: NotebookShape): Notebook {
    return new Notebook(this.path("early.csv"), shape, this.#sums);
  }

  /** The fresh trainings that confirm a search's best. */
  confirmations(shape: NotebookShape): Notebook {
    return new Notebook(this.path("confirmations.csv"), shape, this.#sums);
  }

  /** The trainings that failed for good. */
  get failures(): FailureList {
    return new FailureList(this.path("failures.csv"));
  }

  writePolicies(all: PolicyFile, best: PolicyFile): void {
    writeFileWhole(this.path("policies.json"), formatPolicyFile(all));
    writeFileWhole(this.path("best.json"), formatPolicyFile(best));
  }

  /** Adds a line to `experiment.log`. @throws RunError */
  log(level: LogLevel, message: string): void {
    if (LEVELS.indexOf(level) < LEVELS.indexOf(this.#logLevel)) return;
    // The stack of an error has several lines.
    const text = level === "error" ? printableLines(message) : printable(message);
    appendWhole(this.path("experiment.log"), `${new Date().toISOString()} ${level} ${text}\n`, {
      flush: false,
    });
  }
}
