// Tasks of several items in worker processes: an item that ends the process costs only itself.

import { WorkerDiedError } from "./worker-pool.ts";

export interface ItemTask<Result> {
  /**
   * Runs the items from `start` to before `end` as one task of a pool that runs a task once. `onBegin` must be called with
   * the index of each item, from 0, before the process begins it.
   */
  run(start: number, end: number, onBegin: (item: number) => void): Promise<Result>;
  /** The result for an item that ended its process twice. */
  fail(item: number, reason: string): Result;
}

/**
 * Runs `count` items and returns the results of the tasks, in the order of the items. If a process dies, the item that it had
 * begun is run again alone, since another cause is possible (memory that others took), and the items before and after
 * it are run as tasks of their own.
 * @throws WorkerDiedError if the process dies twice before it begins an item; what `run` throws.
 */
export function runItems<Result>(count: number, task: ItemTask<Result>): Promise<Result[]> {
  return runPart(task, 0, count, false);
}

async function runPart<Result>(
  task: ItemTask<Result>,
  start: number,
  end: number,
  isAgain: boolean,
): Promise<Result[]> {
  if (start === end) return [];
  let begun: number | undefined;
  const onBegin = (item: number) => {
    begun = start + item;
  };
  try {
    return [await task.run(start, end, onBegin)];
  } catch (error) {
    if (!(error instanceof WorkerDiedError)) throw error;
    if (begun === undefined) {
      if (isAgain) throw error;
      return runPart(task, start, end, true);
    }
    if (isAgain && end - start === 1)
      return [task.fail(start, `a process ended twice while working on it: ${error.death}`)];
    const parts = await Promise.all([
      runPart(task, start, begun, false),
      runPart(task, begun, begun + 1, true),
      runPart(task, begun + 1, end, false),
    ]);
    return parts.flat();
  }
}
