// Measures how busy an NVIDIA card is: the share of time in which it ran anything, as reported by nvidia-smi.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const MILLISECONDS = 100;

export class GpuLoad {
  readonly #process: ChildProcess;
  readonly #isThere: Promise<boolean>;
  readonly #shares: number[] = [];
  #isCounting = false;

  /** Starts nvidia-smi. Without it nothing is measured. */
  constructor() {
    const query = [
      "--query-gpu=utilization.gpu",
      "--format=csv,noheader,nounits",
      `--loop-ms=${MILLISECONDS}`,
    ];
    this.#process = spawn("nvidia-smi", query, { stdio: ["ignore", "pipe", "ignore"] });
    this.#isThere = new Promise((resolve) => {
      this.#process.once("spawn", () => resolve(true));
      this.#process.once("error", () => resolve(false));
    });
    this.#process.stdout?.on("data", (lines: Buffer) => {
      if (!this.#isCounting) return;
      // If there are several cards, the first one trains.
      const share = Number.parseFloat(lines.toString());
      if (Number.isFinite(share)) this.#shares.push(share / 100);
    });
  }

  /** Runs `work` and returns the mean share in [0, 1] meanwhile; undefined without nvidia-smi. */
  async during<Result>(work: () => Promise<Result>): Promise<{ result: Result; busy: number | undefined }> {
    this.#shares.length = 0;
    this.#isCounting = true;
    const result = await work();
    this.#isCounting = false;
    const { length } = this.#shares;
    return { result, busy: length > 0 ? this.#shares.reduce((a, b) => a + b, 0) / length : undefined };
  }

  async close(): Promise<void> {
    if (!(await this.#isThere) || this.#process.exitCode !== null) return;
    this.#process.kill();
    await once(this.#process, "exit");
  }
}
