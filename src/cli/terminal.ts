// The streams that commands print to, whether they are a terminal, and Ctrl-C. Only this file uses the process's own
// streams.

import type { Command } from "commander";

/** Width of the help in columns if it is not printed to a terminal. */
const HELP_WIDTH = 80;

/** A stream to print to; like the process's own, it may be a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** What callers of `main` may pass instead of the process's own streams and signals. */
export interface TerminalOptions {
  readonly stdout?: Output;
  readonly stderr?: Output;
  /** Aborting it interrupts the command, like Ctrl-C. */
  readonly signal?: AbortSignal;
}

/** Results go to stdout; progress, notes and errors go to stderr. */
export class Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly #signal: AbortSignal | undefined;

  constructor({ stdout = process.stdout, stderr = process.stderr, signal }: TerminalOptions = {}) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.#signal = signal;
  }

  /** Whether to draw progress bars: stderr is a terminal, and the environment does not opt out. */
  get isInteractive(): boolean {
    return this.stderr.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  }

  /** Writes a result to stdout: text unchanged, anything else as JSON. */
  print(result: unknown): void {
    this.stdout.write(`${typeof result === "string" ? result : JSON.stringify(result, null, 2)}\n`);
  }

  /** Writes one line to stderr. */
  log(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  /** Writes each note to stderr on its own line. */
  logNotes(notes: readonly string[]): void {
    for (const note of notes) this.log(`note: ${note}`);
  }

  /** Lists the skipped files on stderr, with reasons. */
  logSkipped(skipped: readonly { readonly path: string; readonly reason: string }[]): void {
    for (const { path, reason } of skipped) this.log(`skipped ${path}: ${reason}`);
  }

  /** Makes commander print here as well: help, the version and usage errors. */
  configure(program: Command): void {
    const { stdout, stderr } = this;
    const widthOf = ({ isTTY, columns }: Output) => (isTTY && columns) || HELP_WIDTH;
    program.configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => widthOf(stdout),
      getErrHelpWidth: () => widthOf(stderr),
    });
  }

  /**
   * Runs `work` with a signal that is aborted by the first Ctrl-C (SIGINT) or SIGTERM, or by the caller's signal, so that
   * it can end cleanly. A second Ctrl-C or SIGTERM ends the process immediately.
   */
  async interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const interrupt = () => {
      this.log("\nStopping… (press Ctrl-C again to stop immediately)");
      controller.abort();
    };
    const onSystemSignal = () => {
      if (controller.signal.aborted) process.exit(130);
      interrupt();
    };
    process.on("SIGINT", onSystemSignal);
    process.on("SIGTERM", onSystemSignal);
    this.#signal?.addEventListener("abort", interrupt);
    try {
      if (this.#signal?.aborted) interrupt();
      return await work(controller.signal);
    } finally {
      process.off("SIGINT", onSystemSignal);
      process.off("SIGTERM", onSystemSignal);
      this.#signal?.removeEventListener("abort", interrupt);
    }
  }
}
