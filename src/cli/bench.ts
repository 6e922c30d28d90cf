// `deepaugment bench`: measures how fast an engine trains a model on this machine.

import type { Command } from "commander";
import {
  ENGINE_CHOICES,
  type EngineChoice,
  PRECISION_CHOICES,
  type PrecisionChoice,
} from "../config/engines.ts";
import { MODEL_NAMES } from "../config/models.ts";
import type { BenchOutcome } from "../measure/bench.ts";
import type { ProfileRow, StepProfile } from "../measure/profile.ts";
import { count, formatRate, formatTable, programName } from "./format.ts";
import { helpText } from "./help.ts";
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
      `${ENGINE_CHOICES.join(", ")}; ${programName()} doctor shows which are available`,
      oneOf("--engine", ENGINE_CHOICES),
      "auto",
    )
    .option(
      "--model <name>",
      `the child model; ${programName()} models lists them`,
      Object.assign(someText("--model", "a model"), { names: MODEL_NAMES }),
      "basiccnn",
    )
    .option("--batch <n>", "images per training step", wholeNumber("--batch", 1, 65_536), 64)
    .option(
      "--precision <name>",
      "float32 or bfloat16; auto uses the faster one for the model",
      oneOf("--precision", PRECISION_CHOICES),
      "auto",
    )
    .option(
      "--workers <n>",
      "processes that train at the same time (default: as in a search, one per core)",
      wholeNumber("--workers", 1, 1024),
    )
    .option("--threads <n>", "threads of each training (engine native)", wholeNumber("--threads", 1, 256), 1)
    .option("--seconds <s>", "duration of the measurement", numberAbove0("--seconds", 3600), 3)
    .option("--profile", "also report how the time of a training step is spent, on one thread")
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((flags: BenchFlags) => bench(flags, terminal));
}

const HELP = `
Nothing is downloaded: the images are synthetic, 32 x 32 pixels in 10 classes, or larger if the model requires it. Each
worker is a process that trains its own network, as in a search; rates are totals over all workers. After training,
validation is measured for a third of --seconds.

--profile measures for another --seconds and reports how one worker spends the time of a training step: by layer and
direction if the engine compiles the model (native compiles every listed model), otherwise by TensorFlow.js kernel.
Time outside layers or kernels has its own rows:
  optimizer              the update of the weights
  engine besides layers  the loss, the preparation of weights, and sums over
                         the parts of a batch
  trainer                assembling batches
  besides kernels        assembling batches, and TensorFlow.js's own overhead
                         per operation

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
    `Model      ${model}, ${height} x ${width} pixels, ${count(classes, "class", "classes")}, batches of ${batch}`,
    `Workers    ${workers}${threaded}`,
    `Trained    ${formatRate(outcome.imagesPerSecond)} images/s`,
    `Validated  ${formatRate(outcome.validationImagesPerSecond)} images/s`,
    `Memory     ${Math.max(...outcome.residentMegabytes)} MB per worker, ${Math.max(...outcome.peakMegabytes)} MB at most`,
    ...(outcome.profile ? ["", ...formatProfile(outcome.profile, workers)] : []),
  ];
  return lines.join("\n");
}

/** Rows with a smaller share would show as 0.0%, so they are summed in one row. */
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
  if (others.length > 0) lines.push(cells(count(others.length, "other"), "", others));
  const head = [by, ...(isByLayer ? ["direction"] : []), "ms per step", "share"];
  const right = [false, ...(isByLayer ? [false] : []), true, true];
  const whose = workers > 1 ? "A training step of one worker" : "A training step";
  return [`${whose} takes ${millisecondsPerStep.toFixed(2)} ms:`, "", formatTable(head, lines, right)];
}
