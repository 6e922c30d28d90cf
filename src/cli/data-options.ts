// The settings of how data are read, for commands without a configuration.

import { Option } from "commander";
import type { DataSettings } from "../dataset/reader.ts";

/** `--set` for the keys of the data. */
export function dataOption(): Option {
  return new Option(
    "--set <key=value>",
    "how the data are read: image_column or label_column (docs/data-layouts.md); may be repeated",
  ).argParser((value: string, all: string[] = []) => [...all, value]);
}

/** @throws UsageError if a setting is not one of these keys, or its value is not valid. */
export async function settingsOf(set: readonly string[] | undefined): Promise<DataSettings> {
  if (set === undefined) return {};
  const [{ DATA }, { loadKeys }, { dataSettings }] = await Promise.all([
    import("../config/data.ts"),
    import("../config/load.ts"),
    import("../dataset/reader.ts"),
  ]);
  return dataSettings(loadKeys(DATA, { set }));
}
