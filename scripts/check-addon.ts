// Calls everything that the native addon exports (test/engine/addon-calls.ts) with valid, nearly valid and wild arguments,
// in processes of their own: each call must return, or be refused with one line, without a crash, within two minutes and
// 4 GB, and must not write beside an array.
//
//   npm run check:addon -- --calls 10000        # some minutes
//   npm run check:addon -- --sanitized          # with the addon of AddressSanitizer and UBSan (GCC on Linux)
//   npm run check:addon -- --seed 7             # other calls
//   npm run check:addon -- --call 4711          # only that one, with its stack trace
//
// A call depends only on its number and on --seed. The result is a JSON line on stdout; failures go to stderr.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { Random } from "../src/common/random.ts";
import { findAddon } from "../src/engine/native/addon.ts";
import { type AddonCall, addonCall, CALLED_NAMES } from "../test/engine/addon-calls.ts";
import { runScript } from "./run-script.ts";
import { sanitizedAddon } from "./sanitized.ts";

const MOST_MEMORY = 4 * 2 ** 30;
const MOST_SECONDS = 120;
const SETS = ["portable", "avx2", "avx512", "avx512bf16", "amx", "emulated-tiles"];

/** What a worker reports: before a call its name, and afterwards what became of it. */
interface Report {
  readonly call: number;
  readonly name: string;
  readonly changes: readonly string[];
  readonly outcome?: "returned" | "refused" | "failed";
  readonly problem?: string;
  /** Milliseconds. */
  readonly took?: number;
}

interface Totals {
  readonly returned: number;
  readonly refused: number;
  readonly failed: number;
  /** Milliseconds of the slowest call. */
  readonly slowest: number;
  /** Bytes. */
  readonly memory: number;
  readonly calls: Record<string, number>;
}

const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    sanitized: { type: "boolean", default: false },
    call: { type: "string" },
    from: { type: "string" },
  },
});
const total = Number(values.calls);

await runScript(async () => {
  if (values.from !== undefined) return work(Number(values.from));
  if (values.call === undefined) return await supervise();
  const call = makerOfCalls()(Number(values.call));
  console.log(JSON.stringify({ name: call.name, changes: call.changes, outcome: call.make() }));
});

/** Makes the call with a number. */
function makerOfCalls(): (call: number) => AddonCall {
  const found = findAddon();
  if ("missing" in found) throw new Error(`the native addon ${found.missing}; ${found.fix}`);
  const { addon } = found;
  const sets = SETS.filter((name) => addon.choose(name));
  return (call) => addonCall(addon, sets, new Random(Number(values.seed), "addon", call));
}

/** In a process of its own: makes calls one after another. */
function work(from: number): void {
  const callOf = makerOfCalls();
  // Written at once, so that the last line before a crash is the one of its call.
  const report = (line: Report) => writeSync(1, `${JSON.stringify(line)}\n`);
  for (let number = from; number < total; number++) {
    const { name, changes, make } = callOf(number);
    report({ call: number, name, changes });
    const start = performance.now();
    try {
      const outcome = make();
      report({ call: number, name, changes, outcome, took: performance.now() - start });
    } catch (error) {
      const problem = (error as Error).stack;
      report({ call: number, name, changes, outcome: "failed", problem, took: performance.now() - start });
    }
  }
}

async function supervise(): Promise<void> {
  const environment = values.sanitized ? sanitizedAddon() : {};
  const counts = { returned: 0, refused: 0, failed: 0 };
  const calls: Record<string, number> = Object.fromEntries(CALLED_NAMES.map((name) => [name, 0]));
  let [slowest, memory] = [0, 0];
  const failed = ({ call, name, changes }: Report, problem: string) => {
    counts.failed++;
    console.error(`seed ${values.seed}, call ${call} (${name}; ${changes.join("; ")}): ${problem}`);
  };
  for (let next = 0; next < total; ) {
    const from = next;
    let current: Report = { call: next, name: "the start of the process", changes: [] };
    const worker = spawn(
      process.execPath,
      [
        ...process.execArgv,
        import.meta.filename,
        "--from",
        String(from),
        "--calls",
        values.calls,
        "--seed",
        values.seed,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...environment } },
    );
    const ended = await followed(worker, (report, bytes) => {
      current = report;
      memory = Math.max(memory, bytes);
      if (!report.outcome) return;
      next = report.call + 1;
      calls[report.name]++;
      slowest = Math.max(slowest, report.took ?? 0);
      if (report.outcome === "failed") failed(report, report.problem ?? "");
      else counts[report.outcome]++;
    });
    if (next === total) break;
    failed(current, ended);
    if (
      current.outcome === undefined &&
      current.call === from &&
      next === from &&
      current.changes.length === 0
    ) {
      throw new Error(`the process cannot start: ${ended}`);
    }
    next = current.call + 1;
  }
  const totals: Totals = { ...counts, slowest: Math.round(slowest), memory, calls };
  console.log(JSON.stringify({ seed: Number(values.seed), sanitized: values.sanitized, total, ...totals }));
  if (counts.failed > 0) process.exitCode = 1;
}

/** Passes on what a worker reports, with the most memory that it had, and says how it ended. */
function followed(worker: ChildProcess, take: (report: Report, memory: number) => void): Promise<string> {
  return new Promise((resolve) => {
    let [reason, errors, memory] = ["", "", 0];
    const end = (why: string) => {
      reason = why;
      worker.kill("SIGKILL");
    };
    let timer: NodeJS.Timeout;
    const arm = () => {
      clearTimeout(timer);
      timer = setTimeout(() => end(`it did not end within ${MOST_SECONDS} seconds`), MOST_SECONDS * 1000);
    };
    const watch = setInterval(() => {
      memory = Math.max(memory, memoryOf(worker.pid));
      if (memory > MOST_MEMORY) end(`it took ${Math.round(memory / 2 ** 20)} MB`);
    }, 50);
    arm();
    worker.stderr?.on("data", (data) => {
      errors = `${errors}${data}`.slice(0, 20_000);
    });
    createInterface({ input: worker.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      arm();
      take(JSON.parse(line) as Report, memory);
    });
    worker.on("close", (code, signal) => {
      clearTimeout(timer);
      clearInterval(watch);
      resolve(reason || `the process ended (${signal ?? code})\n${errors}`);
    });
  });
}

/** Of a process on Linux, in bytes; 0 elsewhere. */
function memoryOf(pid: number | undefined): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1];
    return Number(pages) * 4096;
  } catch {
    return 0; // not Linux, or it has ended
  }
}
