// What a worker keeps from one training to the next: the engine and the images, which most trainings share.

import { readSubsets, type SubsetImages } from "../dataset/subset-file.ts";
import { startEngine } from "../engine/choose.ts";
import type { Engine } from "../engine/types.ts";
import { type ContentRef, type LocateContent, locateVerified } from "./content.ts";
import type { TrainingTask } from "./training.ts";

let started: { readonly choice: string; readonly engine: Promise<Engine> } | undefined;
let loaded: { readonly digest: string; readonly subsets: SubsetImages } | undefined;

/** The engine of the training before, if this one asks for the same. */
export function keptEngine({
  engine,
  precision,
  threads,
}: Pick<TrainingTask, "engine" | "precision" | "threads">): Promise<Engine> {
  const choice = JSON.stringify([engine, precision, threads]);
  if (started?.choice !== choice) started = { choice, engine: startEngine(engine, precision, threads) };
  return started.engine;
}

/** The images of the training before, if this one asks for the same. */
export async function keptSubsets(ref: ContentRef, locate: LocateContent): Promise<SubsetImages> {
  if (loaded?.digest !== ref.digest) {
    loaded = { digest: ref.digest, subsets: readSubsets(await locateVerified(ref, locate)) };
  }
  return loaded.subsets;
}
