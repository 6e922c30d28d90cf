// How a search read its data, for the commands that use its policies on data: the same data are read the same way.

import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadConfig } from "../config/load.ts";
import { type DataConfig, dataKeysOf } from "../dataset/reader.ts";

/** The keys with which a search read its data. */
export interface SearchReading {
  readonly keys: DataConfig;
  /** Whether the data in question are those of the search. */
  readonly isSameData: boolean;
}

/**
 * Of the experiment in whose folder a policy file is; undefined if it is in no such folder.
 * @throws UsageError if the experiment's configuration cannot be read.
 */
export function readingOfSearch(policyPath: string, data: string): SearchReading | undefined {
  const folder = dirname(policyPath);
  const file = join(folder, "config.yaml");
  if (!existsSync(join(folder, "experiment.json")) || !existsSync(file)) return undefined;
  const config = loadConfig({ file });
  return { keys: dataKeysOf(config), isSameData: isSameData(data, config.data) };
}

/** Whether two names or paths of data mean the same. */
export function isSameData(one: string, other: string): boolean {
  if (one === other) return true;
  return existsSync(one) && existsSync(other) && realpathSync(one) === realpathSync(other);
}
