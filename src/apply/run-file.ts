// `apply.json`: the options of a run, written before its first output, and its result, added after its last. It
// documents how a dataset was made, and `--resume` checks that the options are the same.

import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../common/errors.ts";
import { readText, writeJson } from "../common/files.ts";
import { parseJson } from "../common/json.ts";
import { VERSION } from "../common/version.ts";
import { ALL_RECIPES } from "../config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../config/techniques.ts";
import type { SkippedFile } from "../dataset/dataset.ts";
import type { ArraySettings, ColumnChoice, DataSettings, SplitName } from "../dataset/reader.ts";
import { RUN_FILE_NAME } from "./names.ts";
import type { PictureSource } from "./source.ts";
import type { ApplySettings } from "./task.ts";

const FORMAT = "deepaugment-apply";

export interface RunFile {
  readonly format: typeof FORMAT;
  readonly version: 2;
  /** The version of this program. */
  readonly program: string;
  readonly data: {
    /** As given by the user. */
    readonly source: string;
    readonly columns?: ColumnChoice | undefined;
    readonly arrays?: ArraySettings | undefined;
    readonly images: number;
    readonly digest: string;
  };
  readonly settings: ApplySettings;
  /** Missing until the run is finished. */
  readonly result?: RunResult;
}

export interface RunResult {
  /** Originals that were written. */
  readonly originals: number;
  /** Copies that were written. */
  readonly augmented: number;
  /** Copies that equal their original, and were left out. */
  readonly unchanged: number;
  /** Training pictures that got copies, written or left out. */
  readonly augmentedImages: number;
  /** Pictures of each split that could be decoded. */
  readonly splits: Readonly<Partial<Record<SplitName, number>>>;
  readonly skipped: readonly SkippedFile[];
  /** Notes on the data for the user. */
  readonly notes: readonly string[];
}

export function createRunFile(
  source: string,
  { count, digest }: PictureSource,
  settings: ApplySettings,
  { columns, arrays }: DataSettings,
): RunFile {
  const data = { source, ...(columns && { columns }), ...(arrays && { arrays }), images: count, digest };
  return { format: FORMAT, version: 2, program: VERSION, data, settings };
}

/** @throws RunError */
export function writeRunFile(out: string, run: RunFile): void {
  writeJson(join(out, RUN_FILE_NAME), run);
}

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

const POLICY = z.looseObject({
  trial: count.nullable(),
  portion: share,
  chains: z.array(z.array(z.looseObject({ type: z.enum(EXTENDED_TECHNIQUES), magnitude: share }))),
  base: z.enum(ALL_RECIPES).optional(),
  ...{ weights: z.array(z.number().positive()).optional(), chances: z.array(share).optional() },
  ...{ magnitudes: z.literal("drawn").optional(), redrawn: z.literal(true).optional() },
});

const FORM = z.union([
  z.object({ as: z.literal("folders"), format: z.literal("png"), grey: z.boolean() }),
  z.object({
    ...{ as: z.literal("folders"), format: z.enum(["jpeg", "input"]) },
    ...{ quality: z.int().min(1).max(100), grey: z.boolean() },
  }),
  z.object({ as: z.literal("cifar10"), grey: z.literal(false) }),
  z.object({ as: z.literal("npz"), grey: z.boolean() }),
]);

const names = z.tuple([z.string(), z.string()]);

const ARRAY_NAMES = z.object({ train: names, validation: names.optional(), test: names.optional() });

const RESULT = z.looseObject({
  ...{ originals: count, augmented: count, unchanged: count, augmentedImages: count },
  splits: z.strictObject({ train: count.optional(), validation: count.optional(), test: count.optional() }),
  skipped: z.array(z.looseObject({ path: z.string(), reason: z.string() })),
  notes: z.array(z.string()),
});

/** `apply.json` */
const RUN_FILE = z.looseObject({
  ...{ format: z.literal(FORMAT), version: z.literal(2), program: z.string() },
  data: z.looseObject({
    ...{ source: z.string(), images: count, digest: z.string() },
    columns: z.object({ image: z.string().optional(), label: z.string().optional() }).optional(),
    arrays: z
      .object({ names: ARRAY_NAMES.nullable(), channels: z.enum(["auto", "first", "last"]) })
      .optional(),
  }),
  settings: z.looseObject({
    ...{ policies: z.array(POLICY), recipe: z.enum(ALL_RECIPES).nullable() },
    ...{ seed: count, copies: z.int().positive(), chance: share.nullable() },
    judgedShape: z.tuple([z.int().positive(), z.int().positive()]).nullable(),
    ...{ originals: z.boolean(), form: FORM },
    ...{ imageSize: z.int().positive().nullable(), split: share.nullable() },
  }),
  result: RESULT.optional(),
});

/** @throws UsageError if it cannot be read, or was not written by this program. */
export function readRunFile(out: string): RunFile {
  const path = join(out, RUN_FILE_NAME);
  const text = readText(path);
  try {
    const run = parseJson(text);
    if (isRunFile(run)) return run;
  } catch {
    // Reported below: every problem with the file has the same fix.
  }
  throw new UsageError(`${path} does not describe a run that can be continued; give another --out`);
}

function isRunFile(value: unknown): value is RunFile {
  const run: z.ZodType<RunFile> = RUN_FILE;
  return run.safeParse(value).success;
}

/** @throws UsageError naming the first setting in which two runs differ. */
export function checkSame(out: string, begun: RunFile, wanted: RunFile): void {
  const fix = "use the same, or give another --out";
  const [before, now] = [settingsOf(begun), settingsOf(wanted)];
  for (const [flag, value] of Object.entries(now)) {
    const was = before[flag];
    if (JSON.stringify(was) === JSON.stringify(value)) continue;
    throw new UsageError(
      `${out} was started with ${inWords(flag, was)}, not with ${inWords(flag, value)}: ${fix}`,
    );
  }
  const { images, digest, source } = wanted.data;
  if (begun.data.digest !== digest) {
    const counts = `${begun.data.images} images then, ${images} now`;
    throw new UsageError(`the data in ${source} is not what ${out} was started with (${counts}): ${fix}`);
  }
  // A finished run no longer changes.
  if (begun.program !== wanted.program && !begun.result) {
    throw new UsageError(
      `${out} was started by version ${begun.program} of this program, and this is ${wanted.program}: give another --out`,
    );
  }
}

/** The options, by the flags that set them. */
function settingsOf({ settings }: RunFile): Record<string, unknown> {
  const { policies, recipe, seed, copies, chance, judgedShape, originals, form, imageSize, split } = settings;
  return {
    "--policy and --top": policies,
    "--recipe": recipe,
    "--seed": seed,
    "--copies": copies,
    "--chance": chance,
    "--scale": judgedShape ? `on (judged at ${judgedShape[0]} x ${judgedShape[1]})` : "off",
    "--image-size": imageSize,
    "--split": split,
    "--only-augmented": !originals,
    "--as": form.as,
    "--format": form.as === "folders" && form.format !== "input" ? form.format : null,
    "--quality": form.as === "folders" && form.format !== "png" ? form.quality : null,
    "--grey": form.grey,
  };
}

function inWords(flag: string, value: unknown): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return `no policy (${flag})`;
    const trials = value.map(({ trial }) => trial).join(", ");
    if (value.some(({ trial }) => trial === null)) return `a policy that no search judged (${flag})`;
    return `the ${value.length === 1 ? "policy" : "policies"} of trial ${trials} (${flag})`;
  }
  if (typeof value === "boolean") return value ? flag : `no ${flag}`;
  return value === null ? `no ${flag}` : `${flag} ${value}`;
}
