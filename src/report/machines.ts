// On which machines a run with a queue was trained.

import { join } from "node:path";
import { groupBy } from "../common/group.ts";
import { MACHINES_FILE, readPlaces, type TrainingPlace } from "../experiment/machines.ts";
import type { MachineTime } from "./contents.ts";

/** The trainings of an experiment or an evaluation that have ended. */
export interface TimedTrainings {
  readonly folder: string;
  /** By their names in `machines.csv`, in seconds. */
  readonly seconds: ReadonlyMap<string, number>;
}

/** Those with the most time first; empty if there was no queue. */
export function machineTimes(runs: readonly TimedTrainings[]): MachineTime[] {
  const trainings = runs.flatMap(({ folder, seconds }) => {
    const places = readPlaces(join(folder, MACHINES_FILE));
    return [...seconds].flatMap(([name, time]) => {
      const place = places.get(name);
      return place ? [{ host: place.host, engine: describe(place), seconds: time }] : [];
    });
  });
  const groups = groupBy(trainings, ({ host, engine }) => JSON.stringify([host, engine]));
  return [...groups.values()]
    .map((own) => ({
      ...{ host: own[0].host, engine: own[0].engine, trainings: own.length },
      seconds: own.reduce((sum, { seconds }) => sum + seconds, 0),
    }))
    .sort((a, b) => b.seconds - a.seconds);
}

/** As other messages describe an engine: "native (float32, avx512)". */
function describe({ engine, precision, kernels, device }: TrainingPlace): string {
  const text = `${engine} (${[precision, kernels].filter((part) => part !== null).join(", ")})`;
  return device === null ? text : `${text} on ${device}`;
}
