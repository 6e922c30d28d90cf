// `machines.csv`: what each training of a run through a queue ran on. A row is added as a result arrives, before the result is
// recorded; after a crash between both, the training has two rows, of which the last one counts.

import { existsSync } from "node:fs";
import { quoteCell, splitLine } from "../common/csv.ts";
import { messageOf, StorageError } from "../common/errors.ts";
import { appendWhole, readText } from "../common/files.ts";

export interface TrainingPlace {
  /** The machine's name. */
  readonly host: string;
  readonly engine: string;
  readonly precision: string;
  /** The instruction set of engine native; null for others. */
  readonly kernels: string | null;
  /** The graphics card; null if the processor computed. */
  readonly device: string | null;
}

export const MACHINES_FILE = "machines.csv";

const COLUMNS = ["training", "host", "engine", "precision", "kernels", "device"] as const;

/** A training of a search, in words: how messages and this file name it. */
export function trainingName({ trial, sample }: { readonly trial: number; readonly sample: number }): string {
  return `trial ${trial}, sample ${sample}`;
}

/** The same of an evaluation. */
export function armTrainingName(arm: string, sample: number): string {
  return `arm ${arm}, sample ${sample}`;
}

/**
 * @param training its name, such as "trial 3, sample 0".
 * @throws StorageError if it cannot be written: the training has not failed.
 */
export function appendPlace(path: string, training: string, place: TrainingPlace): void {
  const { host, engine, precision, kernels, device } = place;
  const cells = [training, host, engine, precision, kernels ?? "", device ?? ""];
  try {
    if (!existsSync(path)) appendWhole(path, `${COLUMNS.join(",")}\n`, { flush: false });
    appendWhole(path, `${cells.map(quoteCell).join(",")}\n`, { flush: false });
  } catch (error) {
    throw new StorageError(messageOf(error));
  }
}

/** What each training ran on, by its name; empty if there is no file. Rows that are cut are left out. */
export function readPlaces(path: string): ReadonlyMap<string, TrainingPlace> {
  const lines = existsSync(path) ? readText(path).split("\n").slice(1, -1) : [];
  const places = new Map<string, TrainingPlace>();
  for (const line of lines) {
    const cells = splitLine(line);
    if (cells?.length !== COLUMNS.length) continue;
    const [training, host, engine, precision, kernels, device] = cells;
    places.set(training, { host, engine, precision, kernels: kernels || null, device: device || null });
  }
  return places;
}
