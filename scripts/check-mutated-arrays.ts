// Reads damaged files of arrays of all forms (test/dataset/mutated-arrays.ts) in processes of their own: each file must be read,
// or refused with one line, without a crash, within a minute and 500 MB.
//
//   npm run check:mutated-arrays -- --inputs 700       # some minutes
//   npm run check:mutated-arrays -- --seed 7           # other damages
//   npm run check:mutated-arrays -- --input 4711       # only that one, with its stack trace
//
// An input depends only on its number and on --seed. The result is a JSON line on stdout; failures go to stderr.

import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../src/common/random.ts";
import { type ArrayCase, readArraySet } from "../test/dataset/arrays-set.ts";
import { damage, type Outcome, outcomeOf } from "../test/dataset/mutated-arrays.ts";

const MOST_MEMORY = 500 * 2 ** 20;
const MOST_SECONDS = 60;

/** What a worker reports of an input. */
interface Report {
  readonly input: number;
  readonly kind: "read" | "refused" | "failed";
  readonly text: string;
  /** The most memory that the process had so far, in bytes. */
  readonly memory: number;
}

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "700" },
    seed: { type: "string", default: "1" },
    input: { type: "string" },
    from: { type: "string" },
  },
});
const total = Number(values.inputs);

if (values.input !== undefined) console.log(await readInput(Number(values.input), await readArraySet()));
else if (values.from !== undefined) await work(Number(values.from));
else await supervise();

async function readInput(input: number, cases: readonly ArrayCase[]): Promise<Outcome> {
  const random = new Random(Number(values.seed), "damaged arrays", input);
  const chosen = cases[random.integer(0, cases.length - 1)];
  const folder = mkdtempSync(join(tmpdir(), "damaged-arrays-"));
  try {
    return await outcomeOf(damage(chosen, random), join(folder, "data"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process of its own: reads inputs one after another. */
async function work(from: number): Promise<void> {
  const cases = await readArraySet();
  for (let input = from; input < total; input++) {
    const outcome = await readInput(input, cases).catch((error) => error as Error);
    const kind = outcome instanceof Error ? "failed" : "images" in outcome ? "read" : "refused";
    const text = outcome instanceof Error ? (outcome.stack ?? "") : JSON.stringify(outcome);
    const memory = process.resourceUsage().maxRSS * 1024;
    process.send?.({ input, kind, text, memory } satisfies Report);
  }
  process.disconnect();
}

async function supervise(): Promise<void> {
  const counts = { read: 0, refused: 0, failed: 0 };
  let memory = 0;
  let next = 0;
  while (next < total) {
    const worker = fork(import.meta.filename, [
      ...["--from", String(next), "--inputs", values.inputs, "--seed", values.seed],
    ]);
    const ended = await followed(worker, (report) => {
      next = report.input + 1;
      memory = Math.max(memory, report.memory);
      counts[report.kind]++;
      if (report.kind === "failed") console.error(`input ${report.input}: ${report.text}`);
    });
    if (next === total) break;
    // The process died, or hung, while it read this one.
    console.error(`input ${next}: ${ended}`);
    counts.failed++;
    next++;
  }
  console.log(JSON.stringify({ inputs: total, ...counts, memory }));
  if (counts.failed > 0 || memory > MOST_MEMORY) process.exitCode = 1;
}

/** Passes on what a worker reports, and says how it ended. */
function followed(worker: ChildProcess, take: (report: Report) => void): Promise<string> {
  return new Promise((resolve) => {
    let isHung = false;
    const arm = () =>
      setTimeout(() => {
        isHung = true;
        worker.kill("SIGKILL");
      }, MOST_SECONDS * 1000);
    let timer = arm();
    worker.on("message", (report: Report) => {
      clearTimeout(timer);
      timer = arm();
      take(report);
    });
    worker.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(isHung ? `no result within ${MOST_SECONDS} seconds` : `the process ended (${signal ?? code})`);
    });
  });
}
