// Loads a dataset for a command, with a progress bar, and reports skipped files.

import type { Dataset } from "../dataset/dataset.ts";
import type { DataSettings, ReadOptions } from "../dataset/reader.ts";
import { type ImageSizeOption, loadAtSize } from "../dataset/sizes.ts";
import { count } from "./format.ts";
import { ProgressBar } from "./progress-bar.ts";
import type { Terminal } from "./terminal.ts";

/** At most this many skipped files are listed one by one; of the others only the number is printed. */
const MOST_LISTED = 10;

/** Like `loadAtSize`, but lists and counts on stderr the files that cannot be decoded. */
export async function loadWithProgress(
  { data, settings }: { readonly data: string; readonly settings: DataSettings },
  imageSize: ImageSizeOption,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<Dataset> {
  return withProgress(
    (options) => loadAtSize(data, imageSize, { ...options, ...settings }),
    signal,
    terminal,
  );
}

/** Shows the progress of `load`, and lists and counts on stderr the files that cannot be decoded. */
export async function withProgress(
  load: (options: Pick<ReadOptions, "signal" | "onProgress">) => Promise<Dataset>,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<Dataset> {
  const bar = new ProgressBar(terminal);
  let dataset: Dataset;
  try {
    dataset = await load({ signal, onProgress: (progress) => bar.show(progress) });
  } finally {
    bar.stop();
  }
  terminal.logSkipped(dataset.skipped.slice(0, MOST_LISTED));
  if (dataset.skipped.length > 0) {
    const skipped = dataset.skipped.length;
    const rest = skipped > MOST_LISTED ? `; the first ${MOST_LISTED} are listed, "data info" lists all` : "";
    terminal.log(`${count(skipped, "file was", "files were")} skipped${rest}`);
  }
  terminal.logNotes(dataset.notes ?? []);
  return dataset;
}
