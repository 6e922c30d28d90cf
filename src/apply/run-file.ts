// `apply.json`: what a run was asked for, written before its first output, and what came of it, added after its last.
// It tells how a dataset was made, and whether `--resume` asks for the same again.

import { join } from "node:path";
import { UsageError } from "../common/errors.ts";
import { readText, writeJson } from "../common/files.ts";
import { VERSION } from "../common/version.ts";
import type { SkippedFile } from "../dataset/dataset.ts";
import { RUN_FILE_NAME } from "./names.ts";
import type { PictureSource } from "./source.ts";
import type { ApplySettings } from "./task.ts";

const FORMAT = "deepaugment-apply";

export interface RunFile {
  readonly format: typeof FORMAT;
  readonly version: 1;
  /** The version of this program. */
  readonly program: string;
  readonly data: {
    /** As it was given. */
    readonly source: string;
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
  readonly augmented: number;
  readonly skipped: readonly SkippedFile[];
  /** What a user should know of the data. */
  readonly notes: readonly string[];
}

export function createRunFile(
  source: string,
  { count, digest }: PictureSource,
  settings: ApplySettings,
): RunFile {
  const data = { source, images: count, digest };
  return { format: FORMAT, version: 1, program: VERSION, data, settings };
}

/** @throws RunError */
export function writeRunFile(out: string, run: RunFile): void {
  writeJson(join(out, RUN_FILE_NAME), run);
}

/** @throws UsageError where it cannot be read, or is not of this program. */
export function readRunFile(out: string): RunFile {
  const path = join(out, RUN_FILE_NAME);
  const text = readText(path);
  try {
    const run: RunFile = JSON.parse(text);
    if (run.format === FORMAT && run.version === 1 && run.data && run.settings?.form) return run;
  } catch {
    // Told below: whatever is wrong with the file, the way out is the same.
  }
  throw new UsageError(`${path} does not tell of a run that can be gone on with; give another --out`);
}

/** @throws UsageError naming the first setting in which two runs differ. */
export function checkSame(out: string, begun: RunFile, wanted: RunFile): void {
  const mend = "give the same again, or another --out";
  const [before, now] = [settingsOf(begun), settingsOf(wanted)];
  for (const [flag, value] of Object.entries(now)) {
    const was = before[flag];
    if (JSON.stringify(was) === JSON.stringify(value)) continue;
    throw new UsageError(
      `${out} was begun with ${inWords(flag, was)}, not with ${inWords(flag, value)}: ${mend}`,
    );
  }
  const { images, digest, source } = wanted.data;
  if (begun.data.digest !== digest) {
    const counts = `${begun.data.images} images then, ${images} now`;
    throw new UsageError(
      `the data in ${source} are not those that ${out} was begun with (${counts}): ${mend}`,
    );
  }
  // What is finished does not change any more.
  if (begun.program !== wanted.program && !begun.result) {
    throw new UsageError(
      `${out} was begun by version ${begun.program} of this program, and this is ${wanted.program}: give another --out`,
    );
  }
}

/** What was asked for, by the option that asks for it. */
function settingsOf({ settings }: RunFile): Record<string, unknown> {
  const { policies, seed, copies, chance, originals, form } = settings;
  return {
    "--policy and --top": policies.map(({ trial, chains }) => ({ trial, chains })),
    "--seed": seed,
    "--copies": copies,
    "--chance": chance,
    "--only-augmented": !originals,
    "--as": form.as,
    "--format": form.as === "folders" ? form.format : null,
    "--quality": form.as === "folders" && form.format === "jpeg" ? form.quality : null,
    "--grey": form.grey,
  };
}

function inWords(flag: string, value: unknown): string {
  if (Array.isArray(value)) {
    const trials = value.map(({ trial }) => trial).join(", ");
    return `the ${value.length === 1 ? "policy" : "policies"} of trial ${trials} (${flag})`;
  }
  if (typeof value === "boolean") return value ? flag : `no ${flag}`;
  return value === null ? `no ${flag}` : `${flag} ${value}`;
}
