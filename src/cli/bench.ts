// `deepaugment bench`: how fast an engine trains a model here.

import type { Command } from "commander";
import {
  ENGINE_CHOICES,
  type EngineChoice,
  PRECISION_CHOICES,
  type PrecisionChoice,
} from "../config/engines.ts";
import type { BenchOutcome } from "../measure/bench.ts";
import type { ProfileRow, StepProfile } from "../measure/profile.ts";
import { formatRate, formatTable } from "./format.ts";
import { numberAbove0, oneOf, someText, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface BenchFlags {
  engine: EngineChoice;
  model: string;
  batch: number;
  precision: PrecisionChoice;
  workers?: number;
  threads: number;
  seconds: number;
  profile?: boolean;
  json?: boolean;
}

export function addBenchCommand(program: Command, terminal: Terminal): void {
  program
    .command("bench")
    .description("measure how fast an engine trains a model on this machine")
    .option(
      "--engine <name>",
      `${ENGINE_CHOICES.join(", ")}; deepaugment doctor shows which are available`,
      oneOf("--engine", ENGINE_CHOICES),
      "auto",
    )
    .option(
      "--model <name>",
      "a child model; the command models lists them",
      someText("--model", "a model"),
      "basiccnn",
    )
    .option("--batch <n>", "images per training step", wholeNumber("--batch", 1, 65_536), 64)
    .option(
      "--precision <name>",
      "float32 or bfloat16; auto takes the faster one for the model",
      oneOf("--precision", PRECISION_CHOICES),
      "auto",
    )
    .option(
      "--workers <n>",
      "processes that train at the same time; by default as many as in a search, one per core",
      wholeNumber("--workers", 1, 1024),
    )
    .option("--threads <n>", "threads of each training (engine native)", wholeNumber("--threads", 1, 256), 1)
    .option("--seconds <s>", "how long training is measured", numberAbove0("--seconds", 3600), 3)
    .option("--profile", "report where the time of a training step goes, on one thread")
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action((flags: BenchFlags) => bench(flags, terminal));
}

const HELP = `
Nothing is downloaded: images are synthetic, of 32 x 32 pixels in 10 classes, larger if the model needs it. Each worker is a
process that trains a network of its own, as in a search; rates are of all workers together. Validation is measured for a
third of --seconds after training.

--profile measures again for --seconds, and reports by layer and direction what a step of one worker spends its time on if
the engine compiles the model, as native does with all that the command models lists; otherwise by TensorFlow.js's kernels.
These have rows of their own: "optimizer"; "engine besides layers", which is the loss, the preparation of weights, and sums
over the parts of a batch; "trainer", which puts batches together; "besides kernels", which is the same and TensorFlow.js's
own cost of each operation.

Examples:
  deepaugment bench
  deepaugment bench --engine wasm --model wrn_16_2 --workers 1 --json
  deepaugment bench --precision float32 --workers 1 --profile`;

async function bench(
  { workers, profile = false, json, ...flags }: BenchFlags,
  terminal: Terminal,
): Promise<void> {
  const { benchTraining } = await import("../measure/bench.ts");
  const outcome = await terminal.interruptible((signal) =>
    benchTraining({
      ...flags,
      workers: workers ?? "auto",
      profile,
      signal,
      onNotes: (notes) => terminal.logNotes(notes),
    }),
  );
  terminal.print(json ? outcome : await format(outcome));
}

async function format(outcome: BenchOutcome): Promise<string> {
  const { describeEngine } = await import("../engine/choose.ts");
  const { engine, precision, kernels, model, batch, imageShape, classes, workers, threads } = outcome;
  const [height, width] = imageShape;
  const threaded = threads > 1 ? `, ${threads} threads each` : "";
  const lines = [
    `Engine     ${describeEngine({ name: engine, precision, kernels })}`,
    `Model      ${model}, ${height} x ${width} pixels, ${classes} classes, batches of ${batch}`,
    `Workers    ${workers}${threaded}`,
    `Trained    ${formatRate(outcome.imagesPerSecond)} images/s`,
    `Validated  ${formatRate(outcome.validationImagesPerSecond)} images/s`,
    `Memory     ${Math.max(...outcome.residentMegabytes)} MB a worker, ${Math.max(...outcome.peakMegabytes)} MB at most`,
    ...(outcome.profile ? ["", ...formatProfile(outcome.profile, workers)] : []),
  ];
  return lines.join("\n");
}

/** Rows with less would show as 0.0%: they are summed in one row. */
const LEAST_SHARE = 0.0005;

function formatProfile({ by, millisecondsPerStep, rows }: StepProfile, workers: number): string[] {
  const isByLayer = by === "layer";
  const cells = (name: string, part: string, each: readonly ProfileRow[]) => [
    name,
    ...(isByLayer ? [part === "forward" || part === "backward" ? part : ""] : []),
    each.reduce((sum, { milliseconds }) => sum + milliseconds, 0).toFixed(2),
    `${(100 * each.reduce((sum, { share }) => sum + share, 0)).toFixed(1)}%`,
  ];
  const shown = rows.filter(({ share }) => share >= LEAST_SHARE);
  const others = rows.filter(({ share }) => share < LEAST_SHARE);
  const lines = shown.map((row) => cells(row.name, row.part, [row]));
  if (others.length > 0) lines.push(cells(`${others.length} others`, "", others));
  const head = [by, ...(isByLayer ? ["direction"] : []), "ms a step", "share"];
  const right = [false, ...(isByLayer ? [false] : []), true, true];
  const whose = workers > 1 ? "A training step of one worker" : "A training step";
  return [`${whose} takes ${millisecondsPerStep.toFixed(2)} ms:`, "", formatTable(head, lines, right)];
}
