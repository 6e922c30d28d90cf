// How busy an NVIDIA card is, by its driver's nvidia-smi: the share of time in which it ran anything.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

const MILLISECONDS = 100;

export class GpuLoad {
  readonly #process: ChildProcess;
  readonly #isThere: Promise<boolean>;
  readonly #shares: number[] = [];
  #isCounting = false;

  /** Begins to look; where there is no nvidia-smi it sees nothing. */
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
      // Of several cards the first is the one that trains.
      const share = Number.parseFloat(lines.toString());
      if (Number.isFinite(share)) this.#shares.push(share / 100);
    });
  }

  /** The mean share in [0, 1] while `work` ran; undefined where nobody tells. */
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
