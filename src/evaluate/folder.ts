// An evaluation's folder: everything that it produces, and from which it is resumed.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { checksumOf } from "../common/checksum.ts";
import { UsageError } from "../common/errors.ts";
import { createFolder, readJson, writeFileWhole, writeJson } from "../common/files.ts";
import { createRunFolder } from "../common/run-folder.ts";
import { INDICES, RUN_FACTS, type RunFacts } from "../experiment/experiment.ts";
import type { Begun } from "./begun.ts";
import type { Comparison } from "./comparison.ts";
import type { ArmTraining } from "./records.ts";
import type { TestSplit } from "./split.ts";

/** `evaluation.json`: what a reader needs to judge the results, and a resumed evaluation to continue in the same way. */
export interface EvaluationFacts extends RunFacts {
  readonly format: "deepaugment-evaluation";
  readonly version: 1;
  /** Number of training images of a sample, and of test images. */
  readonly trainImages: number;
  readonly testImages: number;
  readonly split: TestSplit;
  /** What must be the same when it is resumed; absent in older files. */
  readonly begun?: Begun;
  /** Of which weights the test accuracy is. */
  readonly measured: "averaged weights" | "final weights";
  /** Of the trainings that have ended; missing until one of each arm has. */
  readonly results?: Comparison;
  /** Of the results; absent in older files. */
  readonly resultsChecksum?: string;
}

const DIFFERENCE = z.looseObject({
  mean: z.number(),
  ...{ low: z.number().nullable(), high: z.number().nullable(), standardError: z.number().nullable() },
  samples: z.int().positive(),
});

/** The result of `compareArms`. */
const COMPARISON = z.looseObject({
  arms: z
    .array(
      z.looseObject({
        ...{ arm: z.string(), samples: z.int().positive(), diverged: z.int().nonnegative() },
        ...{ accuracy: z.number(), standardError: z.number().nullable() },
        ...{ fromNone: DIFFERENCE.optional(), fromBestRecipe: DIFFERENCE.optional() },
        ...{ errorReduction: z.number().optional(), seconds: z.number() },
      }),
    )
    .min(1),
  ...{ bestRecipe: z.string().optional(), conclusion: z.string() },
  ...{ samplesNeeded: z.int().positive().optional(), recommended: z.string().optional() },
});

/** `evaluation.json` */
const FACTS = z.looseObject({
  format: z.literal("deepaugment-evaluation", { error: "it has another format" }),
  version: z.literal(1, { error: "it has another format" }),
  ...RUN_FACTS,
  ...{ trainImages: z.int().positive(), testImages: z.int().positive() },
  split: z
    .strictObject({
      testFrom: z.enum(["test", "train"]),
      ...{ heldOut: INDICES.optional(), leftOut: INDICES.optional(), untested: INDICES.optional() },
    })
    .refine(({ testFrom, heldOut }) => (testFrom === "train") === (heldOut !== undefined), {
      error: "expected heldOut for test images from the training split alone",
    }),
  begun: z
    .looseObject({
      settings: z.record(z.string(), z.unknown()),
      ...{ policies: z.string().nullable(), split: z.string() },
    })
    .optional(),
  measured: z.enum(["averaged weights", "final weights"]),
  results: COMPARISON.optional(),
  resultsChecksum: z.string().optional(),
});

/** A number that was changed in them is found by it. */
export function checksumOfResults(results: Comparison): string {
  return checksumOf(JSON.stringify(results));
}

/** The first file that a folder lacks without which it is no evaluation. */
function missingIn(path: string): string | undefined {
  return ["config.yaml", "evaluation.json"].find((file) => !existsSync(join(path, file)));
}

export class EvaluationFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes a new folder `<out>/<YYYY-MM-DD_HH-MM-SS>[-name]`. @throws RunError */
  static create(out: string, name: string | null): EvaluationFolder {
    return new EvaluationFolder(createRunFolder(out, name, "evaluation"));
  }

  /** Makes this folder, which no evaluation has begun in. @throws RunError */
  static createAt(path: string): EvaluationFolder {
    createFolder(path);
    return new EvaluationFolder(path);
  }

  /** An evaluation to resume. @throws UsageError if the folder is not one. */
  static open(path: string): EvaluationFolder {
    const missing = missingIn(path);
    if (missing === undefined) return new EvaluationFolder(path);
    throw new UsageError(
      `${path} is not an evaluation of this program (it has no ${missing}); give the folder of one`,
    );
  }

  /** Whether an evaluation has begun in a folder, which need not exist. */
  static isIn(path: string): boolean {
    return missingIn(path) === undefined;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  get configPath(): string {
    return this.file("config.yaml");
  }

  get factsPath(): string {
    return this.file("evaluation.json");
  }

  /** The policies as they were when the evaluation began. */
  get policyPath(): string {
    return this.file("policies.json");
  }

  /** A copy of what is used of the user's own model. */
  get modelPath(): string {
    return this.file("model.json");
  }

  /** The checkpoint of a training that runs, or was interrupted. */
  checkpointPath({ arm, sample }: Pick<ArmTraining, "arm" | "sample">): string {
    return join(this.path, "checkpoints", `${arm}-${sample}.safetensors`);
  }

  /** A row per epoch of each training. */
  get recordsPath(): string {
    return this.file("evaluation.csv");
  }

  /** The best arm's trained model, if the configuration asks for it. */
  get bestModelPath(): string {
    return this.file("best-model");
  }

  /** The trained weights of an arm. */
  weightsPath(arm: string): string {
    return join(this.path, "weights", `${arm}.safetensors`);
  }

  removeCheckpoint(training: Pick<ArmTraining, "arm" | "sample">): void {
    rmSync(this.checkpointPath(training), { force: true });
  }

  /**
   * Removes what other trainings have left among the checkpoints: a program that was killed may have stored a result but not yet
   * removed its checkpoint, and its workers may have written one after that.
   */
  keepCheckpoints(trainings: readonly Pick<ArmTraining, "arm" | "sample">[]): void {
    const folder = this.file("checkpoints");
    if (!existsSync(folder)) return;
    const kept = new Set(trainings.map((training) => basename(this.checkpointPath(training))));
    for (const name of readdirSync(folder)) {
      if (!kept.has(name)) rmSync(join(folder, name), { force: true });
    }
  }

  writeConfig(yaml: string): void {
    writeFileWhole(this.configPath, yaml);
  }

  writeFacts(facts: EvaluationFacts): void {
    const { results } = facts;
    writeJson(this.factsPath, { ...facts, ...(results && { resultsChecksum: checksumOfResults(results) }) });
  }

  /** @throws UsageError if `evaluation.json` is damaged. */
  readFacts(): EvaluationFacts {
    return readJson(this.factsPath, FACTS);
  }
}
