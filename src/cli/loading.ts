// Loading a dataset for a command: with a bar, and with a word on what was skipped.

import type { Dataset } from "../dataset/dataset.ts";
import { loadDataset } from "../dataset/load.ts";
import { ProgressBar } from "./progress-bar.ts";
import type { Terminal } from "./terminal.ts";

/** Files that are named one by one; of more the number is told. */
const MOST_NAMED = 10;

/** As `loadDataset`. Files that cannot be decoded are named on stderr and counted. */
export async function loadWithProgress(
  source: string,
  imageSize: number | undefined,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<Dataset> {
  const bar = new ProgressBar(terminal);
  let dataset: Dataset;
  try {
    dataset = await loadDataset(source, { imageSize, signal, onProgress: (progress) => bar.show(progress) });
  } finally {
    bar.stop();
  }
  terminal.logSkipped(dataset.skipped.slice(0, MOST_NAMED));
  if (dataset.skipped.length > 0) {
    const count = dataset.skipped.length;
    const named = count > MOST_NAMED ? `, of which ${MOST_NAMED} are named; data info names all` : "";
    terminal.log(`${count} file${count === 1 ? " was" : "s were"} skipped${named}`);
  }
  terminal.logNotes(dataset.notes ?? []);
  return dataset;
}
