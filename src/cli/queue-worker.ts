// `deepaugment worker`: trains for searches and evaluations on other machines, through a queue.

import { hostname } from "node:os";
import type { Command } from "commander";
import { InterruptedError } from "../common/errors.ts";
import { ENGINE_CHOICES, type EngineChoice } from "../config/engines.ts";
import { CACHE_GIGABYTES, LOST_AFTER_SECONDS } from "../config/queue.ts";
import { count } from "./format.ts";
import { helpText } from "./help.ts";
import { oneOf, wholeNumber } from "./options.ts";
import { addQueueOptions, type QueueFlags, queueOf } from "./queue-options.ts";
import type { Terminal } from "./terminal.ts";

interface WorkerFlags extends QueueFlags {
  workers?: number;
  threads: number;
  engine: EngineChoice;
  finish?: boolean;
  lostAfter: number;
  cacheGigabytes: number;
  metricsPort?: number;
}

export function addQueueWorkerCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command("worker")
    .description("train for searches and evaluations on other machines, through a queue");
  addQueueOptions(command);
  command
    .option(
      "--workers <n>",
      "number of processes that train at the same time (default: one per core)",
      wholeNumber("--workers", 1, 1024),
    )
    .option(
      "--threads <n>",
      "threads of each training, on engine native",
      wholeNumber("--threads", 1, 256),
      1,
    )
    .option(
      "--engine <name>",
      `the engine that may be used: ${ENGINE_CHOICES.join(", ")}; auto: the one that a run needs`,
      oneOf("--engine", ENGINE_CHOICES),
      "auto",
    )
    .option("--finish", "when stopped, finish the trainings that run, instead of giving them back at once")
    .option(
      "--lost-after <seconds>",
      "without a sign of life for this long, the trainings begin again elsewhere",
      wholeNumber("--lost-after", 2, 3600),
      LOST_AFTER_SECONDS,
    )
    .option(
      "--cache-gigabytes <n>",
      "most that the files of runs may take in the cache folder",
      wholeNumber("--cache-gigabytes", 1, 100_000),
      CACHE_GIGABYTES,
    )
    .option(
      "--metrics-port <port>",
      "serve metrics for Prometheus at /metrics on this port, to all machines",
      wholeNumber("--metrics-port", 1, 65_535),
    )
    .addHelpText("after", helpText(HELP))
    .action((flags: WorkerFlags) => work(flags, terminal));
}

const HELP = `
Takes trainings of all runs in the queue that this machine can train for. A run
fixes its engine, precision and instruction set; a worker that has others is
refused, which both sides say, unless the run was started with --mixed. Files
(images, own models, weights) come through the queue and are kept in the cache
folder ($DEEPAUGMENT_HOME).

Ctrl-C or SIGTERM gives the trainings that run back at once: others begin them
again. With --finish they are finished first; a second Ctrl-C ends at once.

User and password are read from the URL, or from DEEPAUGMENT_QUEUE_USER and
DEEPAUGMENT_QUEUE_PASSWORD. docs/machines.md explains how to use several
machines.

Examples:
  deepaugment worker --queue redis://host:6379/0
  deepaugment worker --queue rediss://host:6380/0 --queue-prefix team-a --workers 4
  deepaugment worker --queue redis://host:6379/0 --finish --metrics-port 9464`;

async function work(flags: WorkerFlags, terminal: Terminal): Promise<void> {
  const { url, prefix, shown } = queueOf(flags);
  const [{ startWorker }, { serveMetrics }] = await Promise.all([
    import("../evaluate/queue-worker.ts"),
    import("./metrics.ts"),
  ]);
  const worker = await startWorker({
    ...{ url, prefix, onNote: (line) => terminal.logNotes([line]) },
    ...{ workers: flags.workers, threads: flags.threads, engine: flags.engine },
    ...{ lostAfter: 1000 * flags.lostAfter, cacheBytes: flags.cacheGigabytes * 1e9 },
    onTraining: (line) => terminal.log(line),
  });
  const { queueWorker, engine, slots } = worker;
  let closeMetrics: (() => void) | undefined;
  try {
    if (flags.metricsPort !== undefined)
      closeMetrics = await serveMetrics(queueWorker, slots, flags.metricsPort);
    terminal.log(`Training for ${shown}: engine ${engine}, ${count(slots, "worker")}`);
    if (flags.metricsPort !== undefined)
      terminal.log(`Metrics for Prometheus: http://${hostname()}:${flags.metricsPort}/metrics`);
    await terminal.interruptible(async (signal) => {
      const never = new AbortController().signal;
      await queueWorker.serve(signal, flags.finish ? never : signal);
      const { finished, failed } = queueWorker.counts;
      throw new InterruptedError(`stopped; ${count(finished, "training")} finished, ${failed} failed`);
    });
  } finally {
    closeMetrics?.();
    await worker.close();
  }
}
