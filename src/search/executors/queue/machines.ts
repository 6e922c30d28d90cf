// The machines that train for a run, for who watches it.

import { groupBy } from "../../../common/group.ts";
import type { WorkerRecord } from "./messages.ts";

export interface Machine {
  /** Its name. */
  readonly host: string;
  /** Trainings of this run that have ended there. */
  readonly trainings: number;
  /** Over the last minute, of all runs that it trains for. */
  readonly imagesPerSecond: number;
}

/**
 * Those that have workers now, those with the most trainings first.
 * @param trained the machine of each training that has ended.
 */
export function machinesOf(
  workers: readonly Pick<WorkerRecord, "host" | "imagesPerSecond">[],
  trained: Iterable<string>,
): Machine[] {
  const counts = new Map<string, number>();
  for (const host of trained) counts.set(host, (counts.get(host) ?? 0) + 1);
  return [...groupBy(workers, ({ host }) => host)]
    .map(([host, own]) => ({
      host,
      trainings: counts.get(host) ?? 0,
      imagesPerSecond: own.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0),
    }))
    .sort((a, b) => b.trainings - a.trainings || (a.host < b.host ? -1 : 1));
}
