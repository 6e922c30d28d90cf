// How data are read, as options of a command to paste.

import { quoteForShell } from "../common/program-name.ts";
import type { DataConfig } from "./reader.ts";

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
