// `deepaugment models`: lists the child models and what they cost.

import type { Command } from "commander";
import type { ModelFacts } from "../child/model-costs.ts";
import { expandHome } from "../common/home.ts";
import { MODEL_NAMES } from "../config/models.ts";
import { formatTable } from "./format.ts";
import { helpText } from "./help.ts";
import { type Suggestions, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

const modelNames: ((text: string, all?: string[]) => string[]) & Suggestions = Object.assign(
  (text: string, all: string[] = []) => [...all, expandHome(text)],
  { names: MODEL_NAMES, isPath: true },
);

interface ModelsFlags {
  imageSize: number;
  classes: number;
  json?: boolean;
}

export function addModelsCommand(program: Command, terminal: Terminal): void {
  program
    .command("models")
    .argument("[name...]", "models to list (default: all named models and some Wide ResNets)", modelNames)
    .description(
      "list the networks that can judge policies, with their parameters, cost and smallest image size",
    )
    .option(
      "--image-size <pixels>",
      "height and width of the images",
      wholeNumber("--image-size", 1, 4096),
      32,
    )
    .option("--classes <n>", "number of classes", wholeNumber("--classes", 2, 1_000_000), 10)
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((names: string[], flags: ModelsFlags) => listModels(names, flags, terminal));
}

const HELP = `
Multiply-adds are counted for one image in all convolutions and dense layers: forward only, and forward and backward in a
training step. Training time is roughly proportional to them. Every wrn_<depth>_<width> with a depth of 6 n + 4 is a model.
A model that requires larger images has no counts ("-", or null in JSON).

Examples:
  deepaugment models
  deepaugment models --image-size 96 --classes 3
  deepaugment models wrn_28_10 mobilenetv2 --json`;

async function listModels(
  names: string[],
  { imageSize, classes, json }: ModelsFlags,
  terminal: Terminal,
): Promise<void> {
  const { modelFacts } = await import("../child/model-costs.ts");
  const facts = await modelFacts(names.length > 0 ? names : MODEL_NAMES, imageSize, classes);
  terminal.print(json ? facts : format(facts, imageSize, classes));
}

function format(facts: readonly ModelFacts[], imageSize: number, classes: number): string {
  const rows = facts.map((row) => [
    row.model,
    row.parameters === null ? "-" : row.parameters.toLocaleString("en"),
    formatMillions(row.multiplyAdds),
    formatMillions(row.trainingMultiplyAdds),
    `${row.smallestImageSize}`,
    row.parameters === null
      ? `${row.about}: requires image_size ${row.smallestImageSize} or more`
      : row.about,
  ]);
  const head = ["model", "parameters", "multiply-adds", "in training", "smallest image", "description"];
  const right = [false, true, true, true, true, false];
  return `For images of ${imageSize} x ${imageSize} pixels in ${classes} classes:\n\n${formatTable(head, rows, right)}`;
}

function formatMillions(count: number | null): string {
  if (count === null) return "-";
  const millions = count / 1e6;
  const digits = millions < 100 ? 1 : 0;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${millions.toLocaleString("en", format)} M`;
}
