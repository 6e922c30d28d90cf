// `manifest.csv`: one row per output, from which each augmented picture can be reproduced. CSV as in RFC 4180, with
// line feeds.

import type { DrawnOperation } from "../augment/chain.ts";
import { quoteCell } from "../common/csv.ts";
import { writeFileWhole } from "../common/files.ts";
import type { SplitName } from "../dataset/reader.ts";

/** An output. Paths use `/` on every system. */
export interface ManifestRow {
  /** Relative to the output folder; a record of a file as `train.npz#17`, counted from 0. */
  readonly output: string;
  /** Relative to the data's folder; in an archive `<split>/<index>`. */
  readonly source: string;
  readonly split: SplitName;
  readonly className: string;
  /** Index of the source in the dataset's sorted listing. */
  readonly imageIndex: number;
  /** Missing for originals. */
  readonly augmentation?: RowAugmentation;
}

export interface RowAugmentation {
  /** From 1. */
  readonly copy: number;
  /** The trial of the policy; null for a recipe alone, and if no search judged the policy. */
  readonly trial: number | null;
  /** From 1, as in the notebook; null for a recipe alone. */
  readonly chain: number | null;
  /**
   * `renderChain(source's pixels, shape, parameters)` gives the output's pixels before JPEG compression; if the output
   * has one channel, before conversion to luma. With `--image-size` the source is resized first.
   */
  readonly parameters: readonly DrawnOperation[];
  /**
   * `drawForImage(chain, shape, {seed, imageIndex, chainIndex: chain - 1})` gives the parameters, with the shape's scale
   * relative to the judged shape of apply.json. A recipe's come first: those of `drawRecipe(recipe, shape, {seed,
   * imageIndex})`.
   */
  readonly seed: number;
}

const MANIFEST_COLUMNS = [
  "output",
  "source",
  "split",
  "class",
  "policy_trial",
  "chain",
  "parameters",
  "seed",
  "image_index",
  "copy",
] as const;

function formatManifestRow({
  output,
  source,
  split,
  className,
  imageIndex,
  augmentation,
}: ManifestRow): string {
  const { copy, trial, chain, parameters, seed } = augmentation ?? {};
  const drawn = parameters && JSON.stringify(parameters);
  return [output, source, split, className, trial, chain, drawn, seed, imageIndex, copy]
    .map((value) => quoteCell(String(value ?? "")))
    .join(",");
}

/** Number of rows that are written at once. */
const ROWS_AT_ONCE = 1000;

/** Writes a whole manifest atomically; rows are consumed as they come. @throws RunError */
export function writeManifest(path: string, rows: Iterable<ManifestRow>): void {
  writeFileWhole(path, manifestText(rows));
}

function* manifestText(rows: Iterable<ManifestRow>): Generator<string> {
  let lines = [MANIFEST_COLUMNS.join(",")];
  for (const row of rows) {
    lines.push(formatManifestRow(row));
    if (lines.length < ROWS_AT_ONCE) continue;
    yield asText(lines);
    lines = [];
  }
  yield asText(lines);
}

function asText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}
