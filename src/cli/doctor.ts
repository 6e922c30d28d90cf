// `deepaugment doctor`: what this machine offers, and what would bring more.

import type { Command } from "commander";
import type { Diagnosis, EngineReport } from "../measure/doctor.ts";
import { formatRate, formatTable } from "./format.ts";
import type { Terminal } from "./terminal.ts";

interface DoctorFlags {
  json?: boolean;
}

export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command("doctor")
    .description(
      "tell what this machine offers: its engines, how fast each trains, and what would bring more",
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action((flags: DoctorFlags) => doctor(flags, terminal));
}

const HELP = `
Takes at most 15 seconds. Each engine that is here trains the basic CNN for up to 2 seconds, on images of noise, in as many
processes as a search would use. "deepaugment bench" measures one engine for longer, and other models.`;

async function doctor({ json }: DoctorFlags, terminal: Terminal): Promise<void> {
  const { diagnose } = await import("../measure/doctor.ts");
  const onStage = (stage: string) => terminal.log(`${stage}…`);
  const diagnosis = await terminal.interruptible((signal) => diagnose({ signal, onStage }));
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
    `Processor    ${cpu}, ${cores === 1 ? "1 core" : `${cores} cores`}`,
    `Features     ${features.join(", ") || "the system does not tell"}`,
    `Memory       ${memoryGigabytes} GB`,
    "",
    formatTable(head, engines.map(rowOf), right),
    "",
    `images/s: ${training.model} trained on images of ${height} x ${width} pixels, batches of ${training.batch}, all workers together`,
    `auto takes ${auto.engine}: ${auto.why}`,
    ...(problems.length > 0 ? ["", ...problems.map(formatProblem)] : []),
  ];
  return lines.join("\n");
}

function rowOf(report: EngineReport): string[] {
  const { engine, version, device, precision, kernels, workers, imagesPerSecond } = report;
  const rate = imagesPerSecond === null ? null : formatRate(imagesPerSecond);
  return [engine, version, device, precision, kernels, workers, rate].map((cell) => String(cell ?? "–"));
}

function formatProblem({ engine, problem, mend }: EngineReport): string {
  return `${engine} ${problem}${mend === null ? "" : `. To have it: ${mend}`}`;
}
