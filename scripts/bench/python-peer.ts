// A Python that is compared with ours, in a process of its own: JSON lines to and fro.

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
   * @throws UsageError where there is no such Python.
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
    child.stdin.on("error", () => {}); // it has ended: the answer that does not come tells so
    return new PythonPeer(python, child);
  }

  /** Its next line. @throws RunError where it ends instead, having said why. */
  async answer(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done) throw new RunError(`${this.#python} ended without an answer; what it said stands above`);
    return JSON.parse(value);
  }

  /** @throws RunError as `answer`. */
  ask(request: object): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.answer();
  }

  close(): void {
    this.#process.stdin.end();
  }
}
