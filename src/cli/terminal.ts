// Where commands print, whether someone is watching, and Ctrl-C. The only file that knows the process's own streams.

import type { Command } from "commander";

/** Columns of help that is not printed on a terminal. */
const HELP_WIDTH = 80;

/** A stream to print to; it may be a terminal, as the process's own are. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
};

/** What a caller of `main` may give instead of the process's own. */
export interface TerminalOptions {
  readonly stdout?: Output;
  readonly stderr?: Output;
  /** Its abort interrupts the command, as Ctrl-C does. */
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

  /** Whether bars and colour make sense: stderr is a terminal, and the environment does not ask to do without. */
  get isInteractive(): boolean {
    return this.stderr.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  }

  /** Writes a result to stdout: text as it is, anything else as JSON. */
  print(result: unknown): void {
    this.stdout.write(`${typeof result === "string" ? result : JSON.stringify(result, null, 2)}\n`);
  }

  /** Writes one line to stderr. */
  log(line: string): void {
    this.stderr.write(`${line}\n`);
  }

  /** Writes each note to stderr, on a line of its own. */
  logNotes(notes: readonly string[]): void {
    for (const note of notes) this.log(`note: ${note}`);
  }

  /** Writes to stderr which files were skipped, and why. */
  logSkipped(skipped: readonly { readonly path: string; readonly reason: string }[]): void {
    for (const { path, reason } of skipped) this.log(`skipped ${path}: ${reason}`);
  }

  /** Has commander print here, too: help, the version, usage errors. */
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
   * Runs `work` with a signal that the first Ctrl-C (SIGINT), SIGTERM or abort of the caller's signal aborts, so that it
   * can end cleanly; a second Ctrl-C or SIGTERM ends the process at once.
   */
  async interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const interrupt = () => {
      this.log("\nStopping… (again to stop at once)");
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
