// The program as a user starts it, in a process of its own, and its `main` in the process of the tests, which
// costs a tenth. A process finds the native engine once: another DEEPAUGMENT_NATIVE_ADDON needs a process of its own.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.ts";

// Printed commands are those of an installed program, also if npx runs the tests.
delete process.env.npm_command;

const PROGRAM = fileURLToPath(new URL("../../bin/deepaugment.ts", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
}

/**
 * Starts `deepaugment` with these arguments, in this working folder.
 * @param fileKilobytes at most so large may the files be that it writes (needs bash).
 */
export function start(
  args: readonly string[],
  environment: Record<string, string> = {},
  folder?: string,
  fileKilobytes?: number,
): Started {
  const command = [process.execPath, PROGRAM, ...args];
  const limited = ["bash", "-c", `ulimit -f ${fileKilobytes}; exec "$0" "$@"`, ...command];
  const [file, ...rest] = fileKilobytes === undefined ? command : limited;
  const child = spawn(file, rest, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { process: child, finished };
}

/** Runs `deepaugment` to its end. */
export function run(
  args: readonly string[],
  environment: Record<string, string> = {},
  folder?: string,
  fileKilobytes?: number,
): Promise<Finished> {
  return start(args, environment, folder, fileKilobytes).finished;
}

/** A stream that keeps what is written to it. */
export class Sink extends Writable {
  text = "";

  constructor() {
    super({ decodeStrings: false });
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk;
    done();
  }
}

/** Runs `deepaugment` to its end in this process; meanwhile the environment has these variables, too. One at a time. */
export async function runMain(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Finished> {
  const [stdout, stderr] = [new Sink(), new Sink()];
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    const code = await main(args, { stdout, stderr });
    return { code, signal: null, stdout: stdout.text, stderr: stderr.text };
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

/** Trials in the notebook of an experiment with one training a trial. */
export function finishedTrials(experiment: string, epochs: number): number {
  const notebook = join(experiment, "notebook.csv");
  if (!existsSync(notebook)) return 0;
  return Math.floor((readFileSync(notebook, "utf8").trimEnd().split("\n").length - 1) / epochs);
}

/** Waits until a condition holds. @throws Error if the program ends before. */
export async function until(
  program: { readonly finished: Promise<{ readonly stderr: string }> },
  condition: () => boolean,
): Promise<void> {
  let isRunning = true;
  program.finished.then(() => {
    isRunning = false;
  });
  while (!condition()) {
    if (!isRunning) throw new Error(`the program ended too early: ${(await program.finished).stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Waits until this many trials are in the notebook of the experiment that the program makes in `out`. */
export async function untilTrials(
  program: Started,
  out: string,
  count: number,
  epochs: number,
): Promise<void> {
  await until(program, () => {
    const experiment = existsSync(out) ? readdirSync(out)[0] : undefined;
    return experiment !== undefined && finishedTrials(join(out, experiment), epochs) >= count;
  });
}

/** The only line of a command that fails because of its input: printable, and not as long as that makes it. */
export function lineOf({ code, stdout, stderr }: Finished): string {
  assert.equal(code, 2, stderr.slice(0, 1000));
  assert.equal(stdout, "");
  assert.match(stderr, /^deepaugment: [^\n]*\n$/);
  const line = stderr.slice(0, -1);
  assert.doesNotMatch(line, /[\p{Cc}\p{Bidi_Control}]/u);
  assert.doesNotMatch(line, /this is a bug|call stack/i);
  assert.ok(line.length < 2000, `${line.length} characters`);
  return line;
}
