// The peer's side of the benchmark: PyTorch in processes of a Python, and which of its variants is the fastest.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { RunError, systemCode, UsageError } from "../../../src/common/errors.ts";
import type { Contender, Measurement, Setup } from "./measurement.ts";

export interface PeerOptions {
  /** The command of a Python that has torch. */
  readonly python: string;
  readonly model: string;
  readonly precision: "float32" | "bfloat16";
  readonly channelsLast: boolean;
  readonly processes: number;
  readonly threads: number;
  readonly batch: number;
}

/** PyTorch's processes of one variant, warm, waiting for rounds. */
export class Peer implements Contender {
  readonly setup: Setup;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #python: string;

  private constructor(
    options: PeerOptions,
    process: ChildProcessByStdio<Writable, Readable, null>,
    lines: AsyncIterator<string>,
    version: string,
  ) {
    const { python, channelsLast, ...rest } = options;
    const variant = channelsLast ? "channels last" : "contiguous";
    this.setup = { side: "torch", name: `torch ${version}`, variant, kernels: null, ...rest };
    this.#process = process;
    this.#lines = lines;
    this.#python = python;
  }

  /** @throws UsageError where there is no such Python; RunError where it ends, having said why. */
  static async start(options: PeerOptions): Promise<Peer> {
    const { python, model, precision, channelsLast, processes, threads, batch } = options;
    const script = fileURLToPath(new URL("../peer_torch.py", import.meta.url));
    const args = [
      ...[script, "--model", model, "--precision", precision, "--batch", String(batch)],
      ...["--processes", String(processes), "--threads", String(threads)],
      ...(channelsLast ? ["--channels-last"] : []),
    ];
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
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) throw endedEarly(python);
    return new Peer(options, child, lines, (JSON.parse(first.value) as { version: string }).version);
  }

  async measure(seconds: number): Promise<Measurement> {
    this.#process.stdin.write(`${JSON.stringify({ seconds, validationSeconds: seconds / 3 })}\n`);
    const answer = await this.#lines.next();
    if (answer.done) throw endedEarly(this.#python);
    return JSON.parse(answer.value) as Measurement;
  }

  close(): void {
    this.#process.stdin.end();
  }
}

function endedEarly(python: string): RunError {
  return new RunError(`${python} ended without an answer; what it said stands above`);
}

/**
 * The fastest variant at training of this Python's torch: one process with a thread a core, or a process a core with one
 * thread each; images contiguous or channels last. Each is measured for `seconds`, and told to `onMeasured`.
 */
export async function startFastest(
  options: Pick<PeerOptions, "python" | "model" | "precision" | "batch">,
  cores: number,
  seconds: number,
  onMeasured: (setup: Setup, measurement: Measurement) => void,
): Promise<Peer> {
  const divisions = [[1, cores], ...(cores > 1 ? [[cores, 1]] : [])];
  let fastest: { variant: PeerOptions; rate: number } | undefined;
  for (const [processes, threads] of divisions) {
    for (const channelsLast of [false, true]) {
      const variant = { ...options, processes, threads, channelsLast };
      const peer = await Peer.start(variant);
      try {
        const measurement = await peer.measure(seconds);
        onMeasured(peer.setup, measurement);
        const rate = measurement.imagesPerSecond;
        if (!fastest || rate > fastest.rate) fastest = { variant, rate };
      } finally {
        peer.close();
      }
    }
  }
  return Peer.start(fastest!.variant);
}
