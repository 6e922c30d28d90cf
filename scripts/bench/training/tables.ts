// The benchmark's results as Markdown.

import { type Measurement, median, type Setup } from "./measurement.ts";
import type { TrainedChild } from "./worker.ts";

/** All rounds of one contender. */
export interface Result {
  readonly setup: Setup;
  readonly rounds: readonly Measurement[];
}

/** A setup in few words, as in a table's first cell. */
export function formatSide({ name, variant }: Setup): string {
  return variant ? `${name}, ${variant}` : name;
}

/**
 * A model's table, and below it what follows from its figures. Rates are medians with the lowest and the highest round;
 * ours have beside them how many times those of each torch in the same precision they are, where ours use all cores too.
 */
export function formatModel(results: readonly Result[], cores: number): string[] {
  const peers = results.filter(({ setup }) => setup.side === "torch");
  const versions = [...new Set(peers.map(({ setup }) => setup.name))];
  const head = [
    ...["engine", "precision", "processes × threads", "images trained per second"],
    ...versions.map((version) => `÷ ${version}`),
    ...["images validated per second", "÷ trained", "resident MB a process (at most)"],
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
      ...ratios,
      ...[format(validated), (validated / rate).toFixed(1)],
      `${Math.max(...last.residentMegabytes)} (${Math.max(...last.peakMegabytes)})`,
    ];
  });
  const alignments = head.map((_, column) => (column < 2 ? "---" : "---:"));
  const consequences = [...scalings(results), ...multiplesOfWasm(results)];
  return [
    ...[head, alignments, ...rows].map((cells) => `| ${cells.join(" | ")} |`),
    ...(consequences.length > 0 ? ["", ...consequences.map((line) => `- ${line}`)] : []),
  ];
}

/** How many times as fast several processes of ours train as one. */
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

/** How many times as fast as engine wasm our other engines train, by as many processes. */
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

/** One engine's children, a round after another. */
export interface ChildRun {
  readonly name: string;
  readonly precision: string;
  readonly rounds: readonly (readonly TrainedChild[])[];
}

/** Seconds per child where as many are trained at the same time as there are processes. */
export function formatChildRuns(runs: readonly ChildRun[]): string[] {
  const head = [
    "engine",
    "precision",
    "at the same time",
    "seconds of each",
    "a child every",
    "rewards",
    "resident MB (at most)",
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

/** To three digits or whole. */
function format(rate: number): string {
  return rate < 100 ? String(Number(rate.toPrecision(3))) : Math.round(rate).toLocaleString("en");
}
