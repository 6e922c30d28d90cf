// The documentation's page on the configuration, made from the schema.

import { describeKeys } from "../../src/config/schema.ts";

/** The page, in Markdown, with a final newline. */
export function configurationPage(): string {
  const rows = describeKeys().map(({ key, type, default: fallback, explanation }) => {
    return `| \`${key}\` | ${type} | ${fallback === undefined ? "must be given" : `\`${fallback}\``} | ${explanation} |`;
  });
  return `${[
    "# Configuration",
    "",
    "A YAML file for `deepaugment optimize --config`; any key also by `--set key=value`, which goes before the file. The keys of",
    "the original DeepAugment (2019) keep their names and defaults. `configs/` holds commented examples. This page is made from",
    "the schema by `npm run docs`.",
    "",
    "| key | is | default | means |",
    "|---|---|---|---|",
    ...rows.map((row) => row.replaceAll("<", "&lt;")),
  ].join("\n")}\n`;
}
