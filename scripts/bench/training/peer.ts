// The peer's side of the benchmark: PyTorch in Python processes, in the fastest of its variants.

import { fileURLToPath } from "node:url";
import { PythonPeer } from "../python-peer.ts";
import type { Contender, Measurement, Setup } from "./measurement.ts";

export interface PeerOptions {
  /** The command of a Python with torch. */
  readonly python: string;
  readonly model: string;
  readonly precision: "float32" | "bfloat16";
  readonly channelsLast: boolean;
  readonly processes: number;
  readonly threads: number;
  readonly batch: number;
}

/** PyTorch processes of one variant, warmed up and waiting for rounds. */
export class Peer implements Contender {
  readonly setup: Setup;
  readonly #python: PythonPeer;

  private constructor(options: PeerOptions, peer: PythonPeer, version: string) {
    const { python, channelsLast, ...rest } = options;
    const variant = channelsLast ? "channels last" : "contiguous";
    this.setup = { side: "torch", name: `torch ${version}`, variant, kernels: null, ...rest };
    this.#python = peer;
  }

  /** @throws UsageError if there is no such Python; RunError if it ends early, after printing the reason. */
  static async start(options: PeerOptions): Promise<Peer> {
    const { python, model, precision, channelsLast, processes, threads, batch } = options;
    const script = fileURLToPath(new URL("../peer_torch.py", import.meta.url));
    const args = [
      ...[script, "--model", model, "--precision", precision, "--batch", String(batch)],
      ...["--processes", String(processes), "--threads", String(threads)],
      ...(channelsLast ? ["--channels-last"] : []),
    ];
    const peer = await PythonPeer.start(python, args);
    const { version } = (await peer.answer()) as { version: string };
    return new Peer(options, peer, version);
  }

  async measure(seconds: number): Promise<Measurement> {
    return (await this.#python.ask({ seconds, validationSeconds: seconds / 3 })) as Measurement;
  }

  close(): void {
    this.#python.close();
  }
}

/**
 * The fastest variant of this Python's torch for training: one process with a thread per core, or one single-threaded
 * process per core; images contiguous or channels last. Each is measured for `seconds` and reported to `onMeasured`.
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
