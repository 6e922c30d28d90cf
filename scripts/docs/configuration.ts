// Generates the documentation's page on the configuration from the schema.

import { CONFIG } from "../../src/config/schema.ts";

/** The page, in Markdown, with a final newline. */
export function configurationPage(): string {
  const rows = CONFIG.describeAll().map(({ key, type, default: fallback, explanation }) => {
    return `| \`${key}\` | ${type} | ${fallback === undefined ? "must be given" : `\`${fallback}\``} | ${explanation} |`;
  });
  return `${[
    "# Configuration",
    "",
    "The keys of a YAML file for `deepaugment optimize --config`. `--set key=value` sets any key on the command line and takes",
    "precedence over the file. The keys of the original DeepAugment (2019) keep their names and defaults. `configs/` contains",
    "commented examples. This page is generated from the schema by `npm run docs`.",
    "",
    "| key | type | default | meaning |",
    "|---|---|---|---|",
    ...rows.map((row) => row.replaceAll("<", "&lt;")),
  ].join("\n")}\n`;
}
