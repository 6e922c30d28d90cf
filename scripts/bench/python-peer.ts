// A Python process that is compared with our program; requests and answers are JSON lines.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { RunError, systemCode, UsageError } from "../../src/common/errors.ts";

export class PythonPeer {
  readonly #python: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(python: string, process: ChildProcessByStdio<Writable, Readable, null>) {
    this.#python = python;
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  }

  /**
   * @param python the command that runs the script.
   * @throws UsageError if there is no such Python.
   */
  static async start(python: string, args: readonly string[]): Promise<PythonPeer> {
    const child = spawn(python, args, { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) =>
        reject(
          systemCode(error) === "ENOENT" ? new UsageError(`--python: there is no program ${python}`) : error,
        ),
      );
    });
    child.stdin.on("error", () => {}); // the process has ended, which the missing answer reports
    return new PythonPeer(python, child);
  }

  /** The next line. @throws RunError if the process ends instead, after printing the reason. */
  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new RunError(`${this.#python} ended without an answer; see its output above`);
    return JSON.parse(value);
  }

  /** Sends a request and returns the answer. @throws RunError as `answer` does. */
  ask(request: object): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  close(): void {
    this.#process.stdin.end();
  }
}
