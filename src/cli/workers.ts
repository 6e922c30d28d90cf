// `deepaugment workers`: which workers train through a queue.

import type { Command } from "commander";
import type { WorkerRecord } from "../search/executors/queue/messages.ts";
import type { QueueState } from "../search/executors/queue/state.ts";
import { count, formatRate } from "./format.ts";
import { helpText } from "./help.ts";
import { addQueueOptions, type QueueFlags, queueOf } from "./queue-options.ts";
import type { Terminal } from "./terminal.ts";

interface WorkersFlags extends QueueFlags {
  json?: boolean;
}

export function addWorkersCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("workers")
    .description("list the workers that train through a queue, and what they run");
  addQueueOptions(command);
  command
    .option("--json", "print them as JSON")
    .addHelpText("after", helpText(HELP))
    .action((flags: WorkersFlags) => list(flags, terminal));
}

const HELP = `
Workers give a sign of life every 5 seconds, and are listed until 30 seconds
after the last one. Images per second, and how busy they are, are those of the
last minute.

Examples:
  deepaugment workers --queue redis://host:6379/0
  deepaugment workers --queue redis://host:6379/0 --json`;

async function list(flags: WorkersFlags, terminal: Terminal): Promise<void> {
  const { url, prefix, shown } = queueOf(flags);
  const { readState } = await import("../search/executors/queue/state.ts");
  const state = await readState({ url, prefix, onNote: (line) => terminal.logNotes([line]) });
  terminal.print(flags.json ? state : formatState(state, shown).join("\n"));
}

function formatState({ workers, runs }: QueueState, shown: string): string[] {
  const slots = workers.reduce((sum, worker) => sum + worker.slots, 0);
  const hosts = new Set(workers.map(({ host }) => host));
  const rate = workers.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0);
  const waiting = runs.reduce((sum, run) => sum + run.waiting, 0);
  const active = runs.reduce((sum, run) => sum + run.active, 0);
  return [
    `${shown}: ${count(workers.length, "worker")} on ${count(hosts.size, "machine")}, ${active} of ${count(slots, "training")} at a time, ${waiting} waiting, ${formatRate(rate)} images/s`,
    ...runs.map(
      ({ id, host, kind, waiting, active }) =>
        `run ${id.slice(0, 8)} of ${host} (${kind}): ${active} running, ${waiting} waiting`,
    ),
    ...workers.flatMap(workerLines),
  ];
}

function workerLines({
  name,
  engine,
  slots,
  busy,
  imagesPerSecond,
  finished,
  failed,
  running,
}: WorkerRecord & { readonly name: string }): string[] {
  const share = `${Math.round(100 * busy)}% busy`;
  return [
    `${name}  ${engine}, ${count(slots, "training")} at a time, ${share}, ${formatRate(imagesPerSecond)} images/s, ${finished} finished, ${failed} failed`,
    ...running.map((training) => `  ${training}`),
  ];
}
