// Trains children with PyTorch in Python processes, for the comparison of rewards.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { EpochResult } from "../../src/child/reward.ts";
import { RunError, systemReason, UsageError } from "../../src/common/errors.ts";

export interface TorchTask {
  /** Path of a file written by dataset/subset-file.ts. */
  readonly subsets: string;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
}

interface Waiting {
  readonly resolve: (history: EpochResult[]) => void;
  readonly reject: (error: Error) => void;
}

export class TorchTrainer {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #waiting = new Map<number, Waiting>();
  #version = "";
  #tasks = 0;

  private constructor(python: string, processes: number) {
    const script = fileURLToPath(new URL("torch_rewards.py", import.meta.url));
    this.#process = spawn(python, [script, "--processes", String(processes)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#process.stdin.on("error", () => {}); // the process has ended, which the missing answers report
    this.#lines = createInterface({ input: this.#process.stdout });
    this.#lines.on("close", () => {
      const error = new RunError(`${python} ended without an answer; see its output above`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  /** @throws UsageError if there is no such Python; RunError if it does not have torch. */
  static async start(python: string, processes: number): Promise<TorchTrainer> {
    const trainer = new TorchTrainer(python, processes);
    try {
      await once(trainer.#process, "spawn");
    } catch (error) {
      throw new UsageError(`--python ${python}: ${systemReason(error)}`);
    }
    const [first] = await Promise.race([once(trainer.#lines, "line"), once(trainer.#lines, "close")]);
    if (first === undefined) throw new RunError(`${python} ended without an answer; see its output above`);
    trainer.#version = (JSON.parse(first) as { version: string }).version;
    trainer.#lines.on("line", (line) => trainer.#hear(line));
    return trainer;
  }

  /** Version of PyTorch. */
  get version(): string {
    return this.#version;
  }

  /** Trains a child on these images as soon as a process is free; returns its history. */
  train(task: TorchTask): Promise<EpochResult[]> {
    const id = this.#tasks++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.stdin.write(`${JSON.stringify({ id, ...task })}\n`);
    });
  }

  close(): void {
    this.#process.stdin.end();
  }

  #hear(line: string): void {
    const { id, history } = JSON.parse(line) as { id: number; history: EpochResult[] };
    this.#waiting.get(id)?.resolve(history);
    this.#waiting.delete(id);
  }
}
