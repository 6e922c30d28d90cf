// `manifest.csv`: a row per output, from which each augmented picture can be made again. CSV as in RFC 4180, lines
// ended by a line feed.

import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { DrawnOperation } from "../augment/chain.ts";
import { RunError, systemReason } from "../common/errors.ts";
import { temporaryName, writeAll } from "../common/files.ts";
import type { SplitName } from "../dataset/reader.ts";

/** An output. Paths have `/` on every system. */
export interface ManifestRow {
  /** Relative to the output folder. */
  readonly output: string;
  /** Relative to the data's folder; in an archive `<split>/<index>`. */
  readonly source: string;
  readonly split: SplitName;
  readonly className: string;
  /** Place of the source in the dataset's sorted listing. */
  readonly imageIndex: number;
  /** Missing for originals. */
  readonly augmentation?: RowAugmentation;
}

export interface RowAugmentation {
  /** From 1. */
  readonly copy: number;
  /** The trial of the policy. */
  readonly trial: number;
  /** From 1, as the notebook counts them. */
  readonly chain: number;
  /** `renderChain(source's pixels, shape, parameters)` gives the output's pixels. */
  readonly parameters: readonly DrawnOperation[];
  /** `drawForImage(chain, shape, {seed, imageIndex, chainIndex: chain - 1})` gives the parameters. */
  readonly seed: number;
}

export const MANIFEST_COLUMNS = [
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

export function formatManifestRow({
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
    .map((value) => quote(String(value ?? "")))
    .join(",");
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Writes the manifest row by row under a temporary name, which becomes its own when it is whole. */
export class ManifestWriter {
  readonly path: string;
  readonly #temporary: string;
  #file: number | undefined;
  #isOpened = false;

  /** Folders that are missing are made. @throws RunError */
  constructor(path: string) {
    this.path = path;
    this.#temporary = temporaryName(path);
    this.#attempt(() => {
      mkdirSync(dirname(path), { recursive: true });
      this.#file = openSync(this.#temporary, "wx");
      this.#isOpened = true;
    });
    this.#write(MANIFEST_COLUMNS.join(","));
  }

  /** @throws RunError */
  add(rows: readonly ManifestRow[]): void {
    if (rows.length > 0) this.#write(rows.map(formatManifestRow).join("\n"));
  }

  /** Gives the manifest its name. @throws RunError */
  finish(): void {
    this.#attempt(() => {
      fsyncSync(this.#file!);
      this.#close();
      renameSync(this.#temporary, this.path);
    });
  }

  /** Leaves no manifest; does nothing where it is finished. */
  discard(): void {
    this.#close();
    if (this.#isOpened) rmSync(this.#temporary, { force: true });
  }

  #write(lines: string): void {
    this.#attempt(() => writeAll(this.#file!, Buffer.from(`${lines}\n`)));
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.discard();
      throw new RunError(`cannot write ${this.path}: ${systemReason(error)}`);
    }
  }

  #close(): void {
    if (this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    closeSync(file);
  }
}
