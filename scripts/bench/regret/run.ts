// One search on one objective.

import type { Judged, Point } from "../../../src/controller/controller.ts";
import { judge, type Objective } from "./objective.ts";
import type { Mark } from "./results.ts";
import type { Searcher } from "./searcher.ts";

/**
 * Searches like a run with `lag` further workers: a trial's reward is only reported after `lag` others were requested.
 * @param marks numbers of trials, ascending, at which regrets are read.
 */
export async function runSearch(
  searcher: Searcher,
  objective: Objective,
  seed: number,
  lag: number,
  marks: readonly number[],
): Promise<Mark[]> {
  const { rewardAt, greatest } = objective.create(seed);
  await searcher.start(seed, objective.dimensions);
  const baseline = judge(objective, rewardAt(objective.baseline), seed, 0);
  await searcher.tell(0, { point: objective.baseline, ...baseline });
  const asked: Point[] = [];
  const judged: Judged[] = [];
  const truths: number[] = [];
  const reached: Mark[] = [];
  const trials = Math.max(...marks);
  for (let trial = 1; trial <= trials + lag; trial++) {
    if (trial <= trials) asked[trial] = await searcher.ask(trial);
    const due = trial - lag;
    if (due < 1) continue;
    const point = asked[due];
    const truth = rewardAt(point);
    judged.push({ point, ...judge(objective, truth, seed, due) });
    truths.push(truth);
    await searcher.tell(due, judged[due - 1]);
    if (!marks.includes(due)) continue;
    reached.push({
      trials: due,
      simple: greatest - Math.max(...truths),
      recommended: greatest - truths[searcher.recommend(judged)],
    });
  }
  return reached;
}
