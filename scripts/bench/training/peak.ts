// Measures the peak rate of this processor's matrix products with peak.cc, on one core alone and on all at once.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Compiler, complaintOf, findCompiler, firstErrors } from "../../compiler.ts";
import { COMMON_FLAGS, flagsOf, knownFlags } from "../../native-flags.ts";

/** GFLOP/s per core. */
export interface Rates {
  readonly float32: number;
  readonly bfloat16: number;
}

export interface Peak {
  /** With all other cores idle. */
  readonly alone: Rates;
  /** With all cores busy, when a processor may run slower. */
  readonly together: Rates;
}

export interface Peaks {
  /** Name of the fastest kernels. */
  readonly fastest: string;
  /** Keyed by the names of kernels. */
  readonly peaks: ReadonlyMap<string, Peak>;
}

/** Fastest first, as in native/kernels/choose.cc. */
const KERNELS = ["amx", "avx512bf16", "avx512", "avx2", "portable"];
/** Skips compiling unused functions, which makes compiling ten times as fast, if the compiler supports it. */
const WHOLE_PROGRAM = "-fwhole-program";
const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Time for the processes to start. */
const START_MILLISECONDS = 300;

/**
 * Measures the fastest kernels that this processor runs and the kernels in `names`, each precision for `seconds`.
 * Returns the reason if they cannot be measured.
 */
export async function measurePeaks(
  names: ReadonlySet<string>,
  cores: number,
  seconds: number,
): Promise<Peaks | string> {
  const compiler = process.platform === "win32" ? undefined : findCompiler();
  if (!compiler) return "there is no C++ compiler here";
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-peak-"));
  try {
    const peaks = new Map<string, Peak>();
    for (const name of [...KERNELS, ...names]) {
      // Of the kernels not in `names`, only the first that runs is measured.
      if (peaks.has(name) || (peaks.size > 0 && !names.has(name))) continue;
      const peak = await measurePeak(await compile(compiler, name, folder), name, cores, seconds);
      if (peak) peaks.set(name, peak);
    }
    const [fastest] = peaks.keys();
    return { fastest, peaks };
  } catch (error) {
    return firstErrors(complaintOf(error), 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Compiles the program for the named kernels; returns its path. */
async function compile(compiler: Compiler, name: string, folder: string): Promise<string> {
  const kernels = `native/kernels/kernels_${name.replaceAll("-", "_")}.cc`;
  const known = await knownFlags(compiler, [...flagsOf(kernels), WHOLE_PROGRAM]);
  const program = join(folder, name);
  const run = (...more: string[]) =>
    promisify(execFile)(compiler.file, [...compiler.args, ...COMMON_FLAGS, "-O3", ...more], { cwd: ROOT });
  // The check of the processor runs first, so it must not be compiled with the kernels' flags.
  await run("-c", "native/kernels/processor.cc", "-o", `${program}-processor.o`);
  const source = ["-I.", `-DKERNELS="${kernels}"`, "-c", "scripts/bench/training/peak.cc"];
  await run(...known, ...source, "-o", `${program}.o`);
  await run(`${program}.o`, `${program}-processor.o`, "-o", program);
  return program;
}

/** Undefined if this processor does not run the kernels. */
async function measurePeak(
  program: string,
  name: string,
  cores: number,
  seconds: number,
): Promise<Peak | undefined> {
  const measure = async (count: number): Promise<Rates | undefined> => {
    const start = Date.now() + START_MILLISECONDS;
    const runs = Array.from({ length: count }, () =>
      promisify(execFile)(program, [name, String(start), String(seconds)]),
    );
    const all = (await Promise.all(runs)).flatMap(({ stdout }) =>
      stdout ? [JSON.parse(stdout) as Rates] : [],
    );
    return all.length === 0 ? undefined : meanOf(all);
  };
  const alone = await measure(1);
  const together = alone && cores > 1 ? await measure(cores) : alone;
  return alone && together && { alone, together };
}

function meanOf(all: readonly Rates[]): Rates {
  const mean = (precision: keyof Rates) => all.reduce((sum, rates) => sum + rates[precision], 0) / all.length;
  const float32 = mean("float32");
  // bfloat16 operands can always be multiplied as float32.
  return { float32, bfloat16: Math.max(float32, mean("bfloat16")) };
}
