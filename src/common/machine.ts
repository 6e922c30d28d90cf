// The machine that this program runs on.

import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, platform } from "node:os";
import { memoryLimit } from "./memory.ts";

export interface Machine {
  /** The processor, by its maker's name. */
  readonly cpu: string;
  /** Available to this process. */
  readonly cores: number;
  /** Instruction sets for matrix products; none if the system does not report them. */
  readonly features: readonly string[];
  /** Available to this process: 10⁹ bytes each. */
  readonly memoryGigabytes: number;
  /** By Node's names, such as "linux x64". */
  readonly system: string;
  readonly node: string;
}

const FEATURES = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve"];

export function describeMachine(): Machine {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1].trim().split(/\s+/));
  return {
    cpu: processorName(),
    cores: availableParallelism(),
    features: FEATURES.filter((feature) => flags.has(feature)),
    memoryGigabytes: Math.round(memoryLimit() / 1e9),
    system: `${platform()} ${process.arch}`,
    node: process.versions.node,
  };
}

/** The processor by its maker's name, such as "AMD EPYC 9V74 80-Core Processor". */
export function processorName(): string {
  return cpus()[0]?.model.trim() || "unknown";
}
