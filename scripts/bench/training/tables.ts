// Formats the benchmark's results as Markdown.

import { gigaflopsACore, imagesAllowed, type Limit } from "./limit.ts";
import { type Measurement, median, type Setup } from "./measurement.ts";
import type { Peaks } from "./peak.ts";
import type { TrainedChild } from "./worker.ts";

/** All rounds of one contender. */
export interface Result {
  readonly setup: Setup;
  readonly rounds: readonly Measurement[];
}

/** The short name of a setup, for a table's first cell. */
export function formatSide({ name, variant }: Setup): string {
  return variant ? `${name}, ${variant}` : name;
}

/**
 * A model's table, followed by conclusions from its figures. Rates are medians with the lowest and the highest round,
 * and as shares of the limit if it is known. Our rates on all cores are also given as multiples of those of each torch
 * version in the same precision.
 */
export function formatModel(results: readonly Result[], cores: number, limit?: Limit): string[] {
  const peers = results.filter(({ setup }) => setup.side === "torch");
  const versions = [...new Set(peers.map(({ setup }) => setup.name))];
  const head = [
    ...["engine", "precision", "processes × threads", "images trained per second"],
    ...(limit ? ["GFLOP/s per core", "% of the limit"] : []),
    ...versions.map((version) => `÷ ${version}`),
    ...["images validated per second", ...(limit ? ["% of the limit"] : []), "÷ trained"],
    "resident MB per process (peak)",
  ];
  const rows = results.map(({ setup, rounds }) => {
    const { precision, processes, threads } = setup;
    const rate = rateOf({ setup, rounds });
    const ratios = versions.map((version) => {
      if (setup.side === "torch" || processes * threads !== cores) return "";
      const peer = peers.find((each) => each.setup.name === version && each.setup.precision === precision);
      return peer ? `**${(rate / rateOf(peer)).toFixed(2)}**` : "";
    });
    const validated = median(rounds.map(({ validationImagesPerSecond }) => validationImagesPerSecond));
    const trained = rounds.map(({ imagesPerSecond }) => imagesPerSecond);
    const last = rounds[rounds.length - 1];
    return [
      ...[formatSide(setup), precision, `${processes} × ${threads}`],
      `${format(rate)} (${format(Math.min(...trained))} to ${format(Math.max(...trained))})`,
      ...(limit
        ? [
            format(gigaflopsACore(rate, limit.operations.trained, setup, limit.cores)),
            formatShare(rate, imagesAllowed(limit.operations.trained, limit, setup)),
          ]
        : []),
      ...ratios,
      format(validated),
      ...(limit ? [formatShare(validated, imagesAllowed(limit.operations.validated, limit, setup))] : []),
      (validated / rate).toFixed(1),
      `${Math.max(...last.residentMegabytes)} (${Math.max(...last.peakMegabytes)})`,
    ];
  });
  const alignments = head.map((_, column) => (column < 2 ? "---" : "---:"));
  const consequences = [
    ...(limit ? [formatAllowed(results, limit)] : []),
    ...scalings(results),
    ...multiplesOfWasm(results),
  ];
  return [
    ...[head, alignments, ...rows].map((cells) => `| ${cells.join(" | ")} |`),
    ...(consequences.length > 0 ? ["", ...consequences.map((line) => `- ${line}`)] : []),
  ];
}

/** Describes the limit and how it was measured, or why it was not. */
export function formatPeaks(peaks: Peaks | string): string[] {
  if (typeof peaks === "string") {
    return [`The limit set by this processor was not measured: ${peaks}.`];
  }
  const sets = [...peaks.peaks].map(([name, { alone, together }]) => {
    const rates = (["float32", "bfloat16"] as const).map(
      (precision) => `${format(together[precision])} (${format(alone[precision])}) in ${precision}`,
    );
    return `${name} ${rates.join(", ")}`;
  });
  return [
    "The limit is set by this processor's matrix products: the peak rate of a core, measured with engine native's own loops on",
    "operands that stay in its fastest caches, divided by the floating-point operations of convolutions and dense layers for an",
    "image (two per multiply-add, forward and for both gradients). The peak rates in GFLOP/s per core with all cores busy (one",
    `core alone): ${sets.join("; ")}.`,
    "In float32, engine native needs fewer multiplications for 3 × 3 convolutions (Winograd's method), so it may exceed this",
    "limit.",
    `Rows with one core are compared with a core alone, and rows of PyTorch and of engine wasm with ${peaks.fastest}.`,
  ];
}

/** The most images per second that all cores could train and validate with the fastest kernels, in each precision. */
function formatAllowed(results: readonly Result[], limit: Limit): string {
  const { operations, cores } = limit;
  const { trained, validated } = operations;
  const setups = new Map(results.map(({ setup }) => [setup.precision, setup]));
  const allowed = [...setups].map(([precision, setup]) => {
    const all = { ...setup, kernels: null, processes: cores, threads: 1 };
    const images = [trained, validated].map((each) => format(imagesAllowed(each, limit, all) ?? Number.NaN));
    return `${images.join(" and ")} images/s in ${precision}`;
  });
  const megaflops = (each: number) => (each / 1e6).toFixed(1);
  return `An image takes ${megaflops(trained)} MFLOP in training and ${megaflops(validated)} in validation, which limits ${cores === 1 ? "this core" : `these ${cores} cores`} to ${allowed.join(", ")}.`;
}

/** The rate in per cent of the limit; "" if the limit is not known. */
function formatShare(rate: number, allowed: number | undefined): string {
  return allowed === undefined ? "" : String(Math.round((100 * rate) / allowed));
}

/** How many times as fast our processes train together as one alone. */
function scalings(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    const { setup } = result;
    const single = results.find((other) => isSame(other.setup, { ...setup, processes: 1 }));
    if (setup.side === "torch" || setup.processes === 1 || !single) return [];
    const times = (rateOf(result) / rateOf(single)).toFixed(2);
    return [
      `${formatSide(setup)}, ${setup.precision}: ${setup.processes} processes train ${times} times as fast as one.`,
    ];
  });
}

/** How many times as fast our other engines train as engine wasm, with the same number of processes. */
function multiplesOfWasm(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    const { setup } = result;
    const wasm = results.find(
      ({ setup: other }) => other.name === "wasm" && other.processes === setup.processes,
    );
    if (setup.side === "torch" || setup.name === "wasm" || !wasm || setup.threads !== 1) return [];
    const times = (rateOf(result) / rateOf(wasm)).toFixed(1);
    const processes = setup.processes === 1 ? "one process" : `${setup.processes} processes`;
    return [`${formatSide(setup)}, ${setup.precision}, ${processes}: ${times} times as fast as engine wasm.`];
  });
}

/** One engine's children, round by round. */
export interface ChildRun {
  readonly name: string;
  readonly precision: string;
  readonly rounds: readonly (readonly TrainedChild[])[];
}

/** Seconds per child if one child is trained per process at the same time. */
export function formatChildRuns(runs: readonly ChildRun[]): string[] {
  const head = [
    "engine",
    "precision",
    "at the same time",
    "seconds each",
    "one child every",
    "rewards",
    "resident MB (peak)",
  ];
  const rows = runs.map(({ name, precision, rounds }) => {
    const children = rounds.flat();
    const seconds = median(children.map((child) => child.seconds));
    const processes = rounds[0].length;
    return [
      ...[name, precision, String(processes), seconds.toFixed(1), `${(seconds / processes).toFixed(1)} s`],
      children.map(({ reward }) => reward.toFixed(3)).join(", "),
      `${Math.max(...children.map(({ residentMegabytes }) => residentMegabytes))} (${Math.max(...children.map(({ peakMegabytes }) => peakMegabytes))})`,
    ];
  });
  const alignments = head.map((_, column) => (column < 2 ? "---" : "---:"));
  return [head, alignments, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function rateOf({ rounds }: Result): number {
  return median(rounds.map(({ imagesPerSecond }) => imagesPerSecond));
}

function isSame(a: Setup, b: Setup): boolean {
  const keys = ["side", "name", "model", "precision", "variant", "processes", "threads", "batch"] as const;
  return keys.every((key) => a[key] === b[key]);
}

/** With three significant digits below 100, otherwise as an integer. */
function format(rate: number): string {
  return rate < 100 ? String(Number(rate.toPrecision(3))) : Math.round(rate).toLocaleString("en");
}
