// The settings of how data are read, for commands without a configuration.

import { Option } from "commander";
import type { DataConfig, DataSettings } from "../dataset/reader.ts";
import { quoteForShell } from "./format.ts";

/** `--set` for the keys of the data. */
export function dataOption(): Option {
  return new Option(
    "--set <key=value>",
    "how the data are read: image_column, label_column, arrays or channels (docs/data-layouts.md); may be repeated",
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

/** The options that repeat the settings of a configuration in another command. */
export function dataFlags({ image_column, label_column, arrays, channels }: DataConfig): string[] {
  const settings = [
    ...(image_column === null ? [] : [`image_column=${image_column}`]),
    ...(label_column === null ? [] : [`label_column=${label_column}`]),
    ...(arrays === null ? [] : [`arrays=${JSON.stringify(arrays)}`]),
    ...(channels === "auto" ? [] : [`channels=${channels}`]),
  ];
  return settings.map((setting) => `--set ${quoteForShell(setting)}`);
}
