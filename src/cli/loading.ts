// Loading a dataset for a command: with a bar, and with a word on what was skipped.

import type { Dataset } from "../dataset/dataset.ts";
import { loadDataset } from "../dataset/load.ts";
import { ProgressBar } from "./progress-bar.ts";

/** Files that are named one by one; of more the number is told. */
const MOST_NAMED = 10;

/** As `loadDataset`. Files that cannot be decoded are named on stderr and counted. */
export async function loadWithProgress(
  source: string,
  imageSize: number | undefined,
  signal: AbortSignal,
): Promise<Dataset> {
  const bar = new ProgressBar();
  let dataset: Dataset;
  try {
    dataset = await loadDataset(source, { imageSize, signal, onProgress: (progress) => bar.show(progress) });
  } finally {
    bar.stop();
  }
  for (const { path, reason } of dataset.skipped.slice(0, MOST_NAMED)) {
    process.stderr.write(`skipped ${path}: ${reason}\n`);
  }
  if (dataset.skipped.length > 0) {
    const count = dataset.skipped.length;
    process.stderr.write(
      `${count} file${count === 1 ? " was" : "s were"} skipped${count > MOST_NAMED ? `, of which ${MOST_NAMED} are named; data info names all` : ""}\n`,
    );
  }
  for (const note of dataset.notes ?? []) process.stderr.write(`note: ${note}\n`);
  return dataset;
}
