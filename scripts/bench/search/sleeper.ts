// A worker for scripts/bench/search.ts that sleeps for 10 s ± 30% instead of training. Appends the start and end of
// each sleep, in milliseconds since 1970 by this process's clock, to the file in SLEEPER_TIMES.

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "../../../src/common/random.ts";
import { serveTasks } from "../../../src/common/worker-process.ts";
import type { TrainingTask } from "../../../src/search/training.ts";
import { historyOf } from "./history.ts";

serveTasks(async (task: TrainingTask) => {
  const start = performance.timeOrigin + performance.now();
  await sleep(10_000 * new Random("sleep", task.trial, task.sample).uniform(0.7, 1.3));
  appendFileSync(process.env.SLEEPER_TIMES!, `${start},${performance.timeOrigin + performance.now()}\n`);
  return { history: historyOf(task) };
});
