// A process of the fuzzer: reads one input after another, and reports what became of each.

import { format } from "node:util";
import { CLASSES } from "../../test/fuzz/classes.ts";
import { type FuzzInput, makeInput } from "../../test/fuzz/input.ts";
import { type Outcome, outcomeOf } from "../../test/fuzz/outcome.ts";

/** An input, or what makes one. */
export type Job = FuzzInput | Pick<FuzzInput, "class" | "seed" | "number">;

export interface Report extends Outcome {
  /** Milliseconds of the reading. */
  readonly took: number;
  /** Bytes that the process has afterwards. */
  readonly memory: number;
}

/** Memory that is left to the collector is collected above this, so that it does not count as that of the next input. */
const COLLECTED = 250 * 2 ** 20;

/** What the process prints while it reads an input. */
let printed = "";

function take(text: unknown): boolean {
  printed += format(text);
  return true;
}

async function work(job: Job): Promise<Report> {
  const fuzzClass = CLASSES.find(({ name }) => name === job.class);
  if (!fuzzClass) throw new Error(`there is no class "${job.class}"`);
  const input = "files" in job ? job : await makeInput(fuzzClass, job.seed, job.number);
  printed = "";
  const start = performance.now();
  const outcome = await outcomeOf(fuzzClass, input);
  const took = performance.now() - start;
  if (process.memoryUsage.rss() > COLLECTED) globalThis.gc?.();
  const report = { took, memory: process.memoryUsage.rss() };
  if (printed !== "") return { ...report, kind: "failed", text: `it printed: ${printed.slice(0, 2000)}` };
  return { ...report, ...outcome };
}

if (process.send) {
  process.stdout.write = take as typeof process.stdout.write;
  process.stderr.write = take as typeof process.stderr.write;
  process.on("disconnect", () => process.exit(0));
  process.on("message", async (job: Job) => process.send?.(await work(job)));
  process.send("ready");
}
