// `deepaugment doctor`: reports what this machine offers, and how to get more.

import type { Command } from "commander";
import type { Diagnosis, EngineReport } from "../measure/doctor.ts";
import { count, formatRate, formatTable, programName } from "./format.ts";
import { helpText } from "./help.ts";
import { numberAbove0 } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Default and largest value of `--seconds`: more would not fit into 15 seconds. */
const MOST_SECONDS = 2;

interface DoctorFlags {
  seconds: number;
  json?: boolean;
}

export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command("doctor")
    .description("report which engines this machine has, how fast each trains, and how to get the others")
    .option(
      "--seconds <s>",
      "how long each engine trains in each precision, at most",
      numberAbove0("--seconds", MOST_SECONDS),
      MOST_SECONDS,
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((flags: DoctorFlags) => doctor(flags, terminal));
}

const HELP = `
An engine is what trains the networks: on the processor (native, wasm, tensorflow) or on a graphics card (webgpu, tensorflow).
A precision is the form of its numbers: float32, or the shorter bfloat16. By default, "auto", optimize takes the best of both.

Takes at most 15 seconds. Each available engine trains the basic CNN in each of its precisions for up to --seconds, on
synthetic images, in as many processes as a search would use. For other models, "auto" may use another precision.
"${programName()} bench" measures one engine for longer, and also other models.`;

async function doctor({ seconds, json }: DoctorFlags, terminal: Terminal): Promise<void> {
  const { diagnose } = await import("../measure/doctor.ts");
  const onStage = (stage: string) => terminal.log(`${stage}…`);
  const diagnosis = await terminal.interruptible((signal) =>
    diagnose({ signal, onStage, mostSeconds: seconds }),
  );
  terminal.print(json ? diagnosis : format(diagnosis));
}

function format({ version, machine, training, auto, engines }: Diagnosis): string {
  const { cpu, cores, features, memoryGigabytes, system, node } = machine;
  const [height, width] = training.imageShape;
  const problems = engines.filter(({ problem }) => problem !== null);
  const head = ["engine", "version", "runs on", "precision", "instructions", "workers", "images/s"];
  const right = [false, false, false, false, false, true, true];
  const lines = [
    `DeepAugment  ${version}, Node ${node}, ${system}`,
    `Processor    ${cpu}, ${count(cores, "core")}`,
    `Features     ${features.join(", ") || "not reported by the system"}`,
    `Memory       ${memoryGigabytes} GB`,
    "",
    formatTable(head, engines.map(rowOf), right),
    "",
    `images/s: ${training.model} trained on images of ${height} x ${width} pixels, batches of ${training.batch}, all workers together`,
    `By default, optimize takes ${auto.engine}, for ${training.model} in ${auto.precision}: ${auto.why}`,
    ...(problems.length > 0 ? ["", ...new Set(problems.map(formatProblem))] : []),
  ];
  return lines.join("\n");
}

function rowOf(report: EngineReport): string[] {
  const { engine, version, device, precision, kernels, workers, imagesPerSecond } = report;
  const rate = imagesPerSecond === null ? null : formatRate(imagesPerSecond);
  return [engine, version, device, precision, kernels, workers, rate].map((cell) => String(cell ?? "–"));
}

function formatProblem({ engine, problem, fix }: EngineReport): string {
  return `${engine} ${problem}${fix === null ? "" : `. To fix it: ${fix}`}`;
}
