// The settings of how data are read, for commands without a configuration.

import { Option } from "commander";
import { dataFlags } from "../dataset/flags.ts";
import type { DataSettings } from "../dataset/reader.ts";
import { settings, somePath } from "./options.ts";

/** `--set` for the keys of the data. */
export function dataOption(): Option {
  return new Option(
    "--set <key=value>",
    "how the data are read: image_column, label_column, arrays or channels (docs/data-layouts.md); may be repeated",
  ).argParser(settings("data"));
}

/** `--policy` of commands that use found policies. */
export function policyOption(): Option {
  return new Option(
    "--policy <file|folder>",
    "best.json or policies.json of an experiment, or the experiment's folder; or a pipeline of Albumentations, or torchvision:<name> (docs/pipelines.md)",
  ).argParser(somePath("--policy", "a file or a folder"));
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

/** How a command with a policy and data reads them. */
export interface PolicyDataSettings {
  /** As given. */
  readonly own: DataSettings;
  /** As the search of the policy read the same data, if nothing is given. */
  readonly searched: DataSettings;
  /** What the user should know. */
  readonly notes: readonly string[];
}

/** @throws UsageError like `settingsOf`, or if the configuration of the policy's experiment cannot be read. */
export async function settingsWithPolicy(
  set: readonly string[] | undefined,
  policyPath: string | undefined,
  data: string | undefined,
): Promise<PolicyDataSettings> {
  const own = await settingsOf(set);
  const none = { own, searched: {}, notes: [] };
  if (set !== undefined || policyPath === undefined || data === undefined) return none;
  const [{ readingOfSearch }, { dataSettings }, { isNameOf }] = await Promise.all([
    import("../experiment/reading.ts"),
    import("../dataset/reader.ts"),
    import("../pipelines/given.ts"),
  ]);
  if (isNameOf(policyPath)) return none;
  const reading = readingOfSearch(policyPath, data);
  const flags = reading ? dataFlags(reading.keys).join(" ") : "";
  if (!reading || flags === "") return none;
  if (reading.isSameData)
    return {
      own,
      searched: dataSettings(reading.keys),
      notes: [`the data are read as in the search: ${flags}`],
    };
  const note = `the search read its data with ${flags}; add this if these data are to be read the same way`;
  return { ...none, notes: [note] };
}
