// Everything that is needed to repeat a run: its command, versions, seeds, the digest of its data, and its settings.

import { join } from "node:path";
import { readText } from "../common/files.ts";
import { programName, quoteForShell } from "../common/program-name.ts";
import type { RunFacts } from "../experiment/experiment.ts";
import type { RepeatPart } from "./contents.ts";

export interface Repeated {
  readonly folder: string;
  readonly command: "optimize" | "evaluate";
  readonly facts: RunFacts;
  /** As in the configuration. */
  readonly data: string | null;
  /** Numbers of images, in words. */
  readonly images: string;
}

export function repeatPart({ folder, command, facts, data, images }: Repeated): RepeatPart {
  const config = join(folder, "config.yaml");
  const { machine, dataset, versions, kernels, model } = facts;
  const [height, width] = dataset.imageShape;
  const known: (readonly [string, string | undefined])[] = [
    ["seed", String(facts.seed)],
    ["started", facts.startedAt],
    ...Object.entries(versions),
    ["engine", [facts.engine, facts.precision, kernels].filter(Boolean).join(", ")],
    [
      "machine",
      `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memoryGiB)} GiB, ${machine.system}`,
    ],
    ["data", data ?? undefined],
    ["dataset", `${dataset.name}, ${dataset.classes} classes, ${height} × ${width} pixels`],
    ["digest of the data", dataset.digest],
    ["images", images],
    ["model file", model && `${model.file}, SHA-256 ${model.digest}`],
  ];
  return {
    command: `${programName()} ${command} --config ${quoteForShell(config)}`,
    facts: known.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    config: readText(config),
  };
}
