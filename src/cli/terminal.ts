// The streams that commands print to, whether they are a terminal, and Ctrl-C. Only this file uses the process's own
// streams.

import { fstatSync } from "node:fs";
import type { Command } from "commander";
import { systemCode, systemReason } from "../common/errors.ts";
import { writeAll } from "../common/files.ts";
import { printable, printableLines, printableStyled } from "../common/printable.ts";
import { takeWorkerOutput } from "../common/worker-output.ts";
import { brokenMessage } from "./break-lines.ts";
import { type Look, paintColours, paintNothing } from "./paint.ts";

/** Width and height if the output is not a terminal, or does not report them. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** The exit code if the reader of stdout has left, as of a program that SIGPIPE ends: 128 + 13. */
const READER_LEFT = 141;

/** A stream to print to; like the process's own, it may be a terminal. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What is drawn on stderr while a command runs. A line that is printed meanwhile must not tear it. */
export interface LiveDrawing {
  /** Shows a line above the drawing. */
  log(line: string): void;
}

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
  #drawing: LiveDrawing | undefined;

  constructor({ stdout = process.stdout, stderr = process.stderr, signal }: TerminalOptions = {}) {
    this.stdout = stdout;
    this.stderr = stderr;
    this.#signal = signal;
  }

  /** Whether to draw progress on stderr: it is a terminal that can move its cursor. */
  get isInteractive(): boolean {
    return this.stderr.isTTY === true && process.env.TERM !== "dumb";
  }

  /** How results may look on stdout. */
  get look(): Look {
    return lookOf(this.stdout);
  }

  /** How progress may look on stderr, and how many rows there are. */
  get drawingLook(): Look & { readonly rows: number } {
    return { ...lookOf(this.stderr), rows: this.stderr.rows || DEFAULT_ROWS };
  }

  /** Lines that are printed go to this drawing from now on; without one, to stderr. */
  setDrawing(drawing: LiveDrawing | undefined): void {
    this.#drawing = drawing;
  }

  /** Writes a result to stdout: text unchanged, anything else as JSON. */
  print(result: unknown): void {
    const text = typeof result === "string" ? result : JSON.stringify(result, null, 2);
    write(this.stdout, `${printableLines(text)}\n`);
  }

  /** Writes one line to stderr, above what is drawn there. All messages pass here: see printable.ts. */
  log(line: string): void {
    this.#show(printableStyled(line));
  }

  #show(lines: string): void {
    if (this.#drawing) this.#drawing.log(lines);
    else write(this.stderr, `${lines}\n`);
  }

  /** Writes what a drawing consists of to stderr. */
  draw(text: string): void {
    write(this.stderr, text);
  }

  /**
   * Runs a command, and takes care of what is not its own: a reader of the process's streams that leaves, warnings of Node,
   * and what worker processes print. Returns the exit code.
   */
  async run(command: () => Promise<number>): Promise<number> {
    const isOwn = (stream: Output) => stream === process.stdout || stream === process.stderr;
    for (const stream of [this.stdout, this.stderr].filter(isOwn)) watch(stream);
    const seen = new Set<string>();
    // Many workers print the same: it is shown once.
    const show = (line: string) => {
      if (seen.has(line)) return;
      seen.add(line);
      this.log(line);
    };
    const showWorkers = (line: string) => {
      if (!NOISE.test(line)) show(line.replace(WARNING, "note: "));
    };
    const leaveWorkerOutput = takeWorkerOutput(showWorkers);
    if (isOwn(this.stderr)) takeWarnings(({ message }) => show(`note: ${message}`));
    try {
      const code = await command();
      return isOwn(this.stdout) ? await this.#codeOnceWritten(code) : code;
    } finally {
      leaveWorkerOutput();
    }
  }

  /** The exit code once stdout has taken or refused all results. */
  async #codeOnceWritten(code: number): Promise<number> {
    await new Promise<void>((resolve) => this.stdout.write("", () => resolve()));
    const error = broken.get(this.stdout);
    if (!error || code !== 0) return code;
    if (systemCode(error) === "EPIPE") return READER_LEFT;
    this.log(`deepaugment: cannot write the results to stdout: ${systemReason(error)}`);
    return 1;
  }

  /** Writes a message to stderr; a terminal's lines are broken between words, except in a command to paste. */
  logText(text: string): void {
    const message = printable(text);
    if (!this.stderr.isTTY || this.#drawing) this.log(message);
    else for (const line of brokenMessage(message, this.drawingLook.columns)) this.log(line);
  }

  /** Prints lines; on a terminal they are broken as in `logText`. */
  printText(lines: readonly string[]): void {
    this.print(lines.map((line) => this.broken(line)).join("\n"));
  }

  /** A message as `print` should write it: broken as in `logText` if stdout is a terminal. */
  broken(text: string): string {
    const message = printable(text);
    return this.stdout.isTTY ? brokenMessage(message, this.look.columns).join("\n") : message;
  }

  /** Writes each note to stderr on its own line. */
  logNotes(notes: readonly string[]): void {
    for (const note of notes) this.logText(`note: ${note}`);
  }

  /** Lists the skipped files on stderr, with reasons. */
  logSkipped(skipped: readonly { readonly path: string; readonly reason: string }[]): void {
    for (const { path, reason } of skipped) this.log(`skipped ${path}: ${reason}`);
  }

  /** Makes commander print here as well: help, the version and usage errors. */
  configure(program: Command): void {
    const { stdout, stderr } = this;
    program.configureOutput({
      writeOut: (text) => write(stdout, text),
      writeErr: (text) => write(stderr, text),
      getOutHelpWidth: () => lookOf(stdout).columns,
      getErrHelpWidth: () => lookOf(stderr).columns,
    });
  }

  /**
   * Runs `work` with a signal that is aborted by the first Ctrl-C (SIGINT) or SIGTERM, or by the caller's signal, so that
   * it can end cleanly. A second Ctrl-C or SIGTERM ends the process immediately.
   */
  async interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const interrupt = () => {
      // Without a drawing, ^C is in the last line.
      this.#show(`${this.#drawing ? "" : "\n"}Stopping… (press Ctrl-C again to stop immediately)`);
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

/** Warnings that only developers need. */
const NOISY_WARNINGS: readonly string[] = ["ExperimentalWarning", "DeprecationWarning"];
/** Such a warning as a worker process prints it, and the advice that follows. */
const NOISE = /^\(node:\d+\) (\[\w+\] )?(ExperimentalWarning|DeprecationWarning)|^\(Use `\S+ --trace-/;

/** How another one begins. */
const WARNING = /^\(node:\d+\) (\[\w+\] )?\w*Warning: /;

/** The name of the function by which Node prints warnings. */
const NODES_LISTENER = "onWarning";

/** What gets Node's warnings instead of Node's own listener, which would print them. */
let onWarning: ((warning: Error) => void) | undefined;

/**
 * Gives Node's warnings to `take` instead of printing them, until another `take` replaces it: a process that ends may still
 * warn after its command has ended.
 */
function takeWarnings(take: (warning: Error) => void): void {
  const printing = process.listeners("warning").filter(({ name }) => name === NODES_LISTENER);
  if (printing.length === 0 && !onWarning) return; // NODE_NO_WARNINGS
  for (const listener of printing) process.off("warning", listener);
  if (onWarning) process.off("warning", onWarning);
  onWarning = (warning) => {
    if (!NOISY_WARNINGS.includes(warning.name)) take(warning);
  };
  process.on("warning", onWarning);
}

/** The process's streams that are watched, and the errors of those to which nothing can be written any more. */
const watched = new Set<Output>();
const broken = new Map<Output, Error>();

/** Drops what this process's libraries print if its reader has left or a disk is full: that is no failure of a worker's task. */
export function watchStreams(): void {
  for (const stream of [process.stdout, process.stderr]) watch(stream);
}

/** Notices that a stream cannot be written to. Without this, Node would end the program with a stack trace. */
function watch(stream: Output): void {
  if (watched.has(stream)) return;
  watched.add(stream);
  stream.on("error", (error: Error) => broken.set(stream, error));
}

function write(stream: Output, text: string): void {
  if (broken.has(stream)) return;
  const file = fileOf(stream);
  if (file === undefined) {
    stream.write(text);
    return;
  }
  try {
    writeAll(file, Buffer.from(text));
  } catch (error) {
    broken.set(stream, error as Error);
  }
}

/** The descriptors of the process's streams; undefined for one that is no file. */
const files = new Map<Output, number | undefined>();

/**
 * The descriptor of a stream that is a file. Node's own stream takes it as success if the disk has room for a part of what is
 * written.
 */
function fileOf(stream: Output): number | undefined {
  if (!files.has(stream)) {
    const descriptor = stream === process.stdout ? 1 : stream === process.stderr ? 2 : undefined;
    const isFile = descriptor !== undefined && fstatSync(descriptor).isFile();
    files.set(stream, isFile ? descriptor : undefined);
  }
  return files.get(stream);
}

function lookOf(stream: Output): Look {
  const { isTTY, columns } = stream;
  // https://no-color.org: any value but an empty one
  const hasColour = isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  return { columns: (isTTY && columns) || DEFAULT_COLUMNS, paint: hasColour ? paintColours : paintNothing };
}
