// On what a benchmark ran.

import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";

export interface Machine {
  readonly cpu: string;
  /** That this process may use. */
  readonly cores: number;
  /** Instruction sets that matrix products make use of; none where the system does not tell. */
  readonly features: readonly string[];
  readonly memoryGigabytes: number;
  readonly system: string;
  readonly node: string;
}

const FEATURES = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve"];

export function describeMachine(): Machine {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1].trim().split(/\s+/));
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    features: FEATURES.filter((feature) => flags.has(feature)),
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${platform()} ${release()}`,
    node: process.versions.node,
  };
}

/** One sentence. */
export function formatMachine({ cpu, cores, features, memoryGigabytes, node }: Machine): string {
  const core = cores === 1 ? "one core" : `${cores} cores`;
  const with_ = features.length > 0 ? ` with ${features.join(", ")}` : "";
  return `${core} of ${cpu}${with_}, ${memoryGigabytes} GB, Node ${node}`;
}
