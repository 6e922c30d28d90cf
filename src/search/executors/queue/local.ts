// A run that had a queue, and continues on this machine alone: `machines.csv` still lists what each training ran on.

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { ChosenEngine } from "../../../engine/types.ts";
import { appendPlace } from "../../../experiment/machines.ts";
import type { Executor } from "../executor.ts";
import { platformOf } from "./platform.ts";

/**
 * @param nameOf the name of a task's training in that file.
 * @param placesPath that file; without it, nothing is listed.
 */
export async function listedWithOthers<Task, Result, Report>(
  executor: Executor<Task, Result, Report>,
  nameOf: (task: Task) => string,
  { engine, placesPath }: { readonly engine: ChosenEngine; readonly placesPath: string },
): Promise<Executor<Task, Result, Report>> {
  if (!existsSync(placesPath)) return executor;
  const place = { ...(await platformOf(engine)), host: hostname() };
  return {
    workers: executor.workers,
    train: async (task, options) => {
      const result = await executor.train(task, options);
      appendPlace(placesPath, nameOf(task), place);
      return result;
    },
    close: () => executor.close(),
  };
}
