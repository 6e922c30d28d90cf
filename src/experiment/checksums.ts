// Checksums of the rows of an experiment's trainings, in `notebook.sums`, a line per training: by them an edit is found that
// contradicts nothing else in the notebook or among the confirmations, and its line is named.

import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CHECKSUM_DIGITS, checksumOf } from "../common/checksum.ts";
import { appendWhole, readText, writeFileWhole } from "../common/files.ts";

const FILE = "notebook.sums";

/** The files whose rows have checksums there; sample numbers of confirmations follow those of the notebook. */
const SUMMED = ["notebook.csv", "confirmations.csv"];

export class Checksums {
  readonly #path: string;
  readonly #isRepaired: boolean;
  #sums: Map<string, string> | undefined;

  /** Those in an experiment's folder. */
  constructor(folder: string, { isRepaired = true } = {}) {
    this.#path = join(folder, FILE);
    this.#isRepaired = isRepaired;
  }

  /** Those of a file, only to be read, also while a search adds to them; undefined if the file has none. */
  static of(path: string): Checksums | undefined {
    return SUMMED.includes(basename(path)) ? new Checksums(dirname(path), { isRepaired: false }) : undefined;
  }

  /**
   * Keeps those of a training's rows, which are on disk already. Not flushed: a training whose checksums were lost because
   * the machine itself failed is not compared.
   * @param rows without their line ends.
   * @throws RunError
   */
  add(trial: number, sample: number, rows: readonly string[]): void {
    const sums = this.#load();
    const key = `${trial},${sample}`;
    const digits = rows.map(checksumOf).join("");
    // The same rows are first in early.csv; a training whose rows were lost has others when it is run again.
    if (sums.get(key) === digits) return;
    sums.set(key, digits);
    appendWhole(this.#path, `${key},${digits}\n`, { flush: false });
  }

  /** Whether a row of a training (the index counts from 0) is as it was written; true if that is not known. */
  matches(trial: number, sample: number, index: number, row: string): boolean {
    const digits = this.#load().get(`${trial},${sample}`);
    return digits === undefined || digits.startsWith(checksumOf(row), CHECKSUM_DIGITS * index);
  }

  #load(): Map<string, string> {
    this.#sums ??= this.#read();
    return this.#sums;
  }

  #read(): Map<string, string> {
    if (!existsSync(this.#path)) return new Map();
    const lines = readText(this.#path).split("\n");
    // What follows the last line end is a line that was cut, or nothing.
    const isCut = lines.pop() !== "";
    const whole = lines.flatMap((line) => parseLine(line) ?? []);
    if (this.#isRepaired && (isCut || whole.length < lines.length)) {
      writeFileWhole(this.#path, whole.map(({ key, digits }) => `${key},${digits}\n`).join(""));
    }
    return new Map(whole.map(({ key, digits }) => [key, digits]));
  }
}

/** Trial and sample, and the digits of all rows. Undefined if it is no such line. */
function parseLine(line: string): { key: string; digits: string } | undefined {
  const comma = line.lastIndexOf(",");
  const key = line.slice(0, comma);
  const digits = line.slice(comma + 1);
  const isWhole = digits.length > 0 && digits.length % CHECKSUM_DIGITS === 0 && /^[0-9a-f]+$/.test(digits);
  return isWhole && /^\d+,\d+$/.test(key) ? { key, digits } : undefined;
}
