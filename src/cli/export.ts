// `deepaugment export`: takes policies along, into another framework.

import type { Command } from "commander";
import { parseRecipe, RECIPE_PAIRS, RECIPES, type RecipeName } from "../config/recipes.ts";
import { FRAMEWORKS, type Framework } from "../export/frameworks.ts";
import { policyOption } from "./data-options.ts";
import { helpText } from "./help.ts";
import { oneOf, somePath, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface ExportFlags {
  policy?: string;
  recipe?: RecipeName;
  to: Framework;
  out: string;
  top: number;
  added?: boolean;
  native?: boolean;
  json?: boolean;
}

export function addExportCommand(program: Command, terminal: Terminal): void {
  program
    .command("export")
    .description("write the policies that a search has found as a Python module for another framework")
    .addOption(policyOption())
    .option(
      "--recipe <name>",
      `${RECIPES.join(", ")}, or two of them such as ${RECIPE_PAIRS.at(-1)}: needs no search; with --policy, every image goes through the recipe first`,
      parseRecipe,
    )
    .requiredOption(
      "--to <framework>",
      "albumentations: a transform; torchvision: a transform of v2; keras: a PyDataset; numpy: a function of one image",
      oneOf("--to", FRAMEWORKS),
    )
    .requiredOption("--out <folder>", "the folder for deepaugment_policy.py", somePath("--out", "a folder"))
    .option(
      "--top <k>",
      "draw each image's policy from the best k, or from all if there are fewer",
      wholeNumber("--top", 1, 1000),
      1,
    )
    .option(
      "--added",
      "for a policy whose copies were added to the originals: the originals with the copies, drawn once, as the search trained on them",
    )
    .option(
      "--native",
      "the transforms of Albumentations 2.0.8 or torchvision 0.28 themselves, if they do exactly the same; else it is refused",
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((flags: ExportFlags) => runExport(flags, terminal));
}

const HELP = `
The module needs numpy and the framework, and nothing of DeepAugment. It has all techniques and recipes in numpy; with OpenCV (cv2) large
images are augmented faster. Randomness follows the framework's seed, and differs between workers and epochs.

With --native, the file contains only transforms of the framework, each with the same distribution and the same pixels as ours.
Few policies consist of such operations (docs/export.md lists them); for all others, export without it.

Examples:
  deepaugment export --policy reports/experiments/2026-01-31_12-00-00 --to torchvision --out training/
  deepaugment export --policy policies.json --top 5 --to albumentations --out training/
  deepaugment export --recipe flip-crop+randaugment --to keras --out training/
  deepaugment export --policy best.json --native --to torchvision --out training/
  deepaugment export --policy pipeline.json --to keras --out training/`;

async function runExport(flags: ExportFlags, terminal: Terminal): Promise<void> {
  const { policy, json, added = false, ...options } = flags;
  const [{ exportPolicies }, { policyFileAt }] = await Promise.all([
    import("../export/export.ts"),
    import("../policy/policy-file.ts"),
  ]);
  const policyPath = policy && policyFileAt(policy, options.top > 1 ? "all" : "best");
  const outcome = exportPolicies({ ...options, added, policyPath });
  if (json) {
    terminal.print(outcome);
    return;
  }
  const { file, usage } = outcome;
  terminal.print([`Wrote ${file}. In Python:`, "", ...usage.map((line) => `  ${line}`)].join("\n"));
}
