// What confirming a search's best is worth: how much the policy that is handed on promises, and how much it keeps, on
// objectives whose true rewards are known (those of `bench:regret`). Trials are random search's, so that what is compared
// is the choice among them alone.
//
//   node scripts/bench/confirmation.ts [--table FILE] [--trials 100] [--seeds 100] [--top 5] [--samples 5]
//
// FILE has real trials as JSON lines, as for `bench:regret`; without it the objective is a made-up one, another per seed.

import { parseArgs } from "node:util";
import { randomSearchPoint } from "../../src/controller/controller.ts";
import { predictedRewards } from "../../src/controller/predicted.ts";
import { judge, type Objective } from "./regret/objective.ts";
import { summarize } from "./regret/results.ts";
import { syntheticObjective } from "./regret/synthetic.ts";
import { tableObjective } from "./regret/table.ts";

/** A choice among a search's trials: its gain over the baseline as it is told, and its true one. */
interface Choice {
  readonly told: number;
  readonly kept: number;
}

/** Fresh samples are numbered from here, far from the search's trials. */
const FRESH = 1_000_000;

const { values } = parseArgs({
  options: {
    table: { type: "string" },
    trials: { type: "string", default: "100" },
    seeds: { type: "string", default: "100" },
    top: { type: "string", default: "5" },
    samples: { type: "string", default: "5" },
  },
});
const [trials, seeds, top, samples] = [values.trials, values.seeds, values.top, values.samples].map(Number);
const objective = values.table === undefined ? syntheticObjective(1) : tableObjective(values.table);

const found = new Map<string, Choice[]>();
for (let seed = 0; seed < seeds; seed++) {
  for (const [name, choice] of Object.entries(choicesOf(objective, seed))) {
    found.set(name, [...(found.get(name) ?? []), choice]);
  }
}
console.log(objective.description);
for (const [choice, choices] of found) {
  const told = summarize(choices.map((one) => one.told));
  const kept = summarize(choices.map((one) => one.kept));
  console.log(JSON.stringify({ bench: "confirmation", trials, seeds, top, samples, choice, told, kept }));
}

/** What each way of choosing hands on of one search. */
function choicesOf(
  { dimensions, baseline, create, ...rest }: Objective,
  seed: number,
): Record<string, Choice> {
  const landscape = create(seed);
  const numbers = Array.from({ length: trials }, (_, index) => index + 1);
  const points = [baseline, ...numbers.map((trial) => randomSearchPoint(dimensions, seed, trial))];
  const truth = points.map((point) => landscape.rewardAt(point));
  const whole = { dimensions, baseline, create, ...rest };
  const seen = truth.map((value, trial) => judge(whole, value, seed, trial));
  const judged = points.map((point, trial) => ({ point, ...seen[trial] }));
  const predicted = predictedRewards(dimensions, judged, seed);
  const rewards = seen.map(({ reward }) => reward);
  const fresh = truth.map((value, trial) => judge({ ...whole, samples }, value, seed, FRESH + trial).reward);

  const bestBy = (values: readonly number[], among = numbers) =>
    [...among].sort((a, b) => values[b] - values[a]);
  const choice = (trial: number, values: readonly number[], base: number): Choice => {
    return { told: values[trial] - base, kept: truth[trial] - truth[0] };
  };
  const confirmed = (values: readonly number[]) =>
    choice(bestBy(fresh, bestBy(values).slice(0, top))[0], fresh, fresh[0]);
  return {
    "the best seen": choice(bestBy(rewards)[0], rewards, rewards[0]),
    "the best predicted": choice(bestBy(predicted)[0], predicted, predicted[0]),
    "confirmed, of the best seen": confirmed(rewards),
    "confirmed, of the best predicted": confirmed(predicted),
    "the truly best of the trials": choice(bestBy(truth)[0], truth, truth[0]),
  };
}
