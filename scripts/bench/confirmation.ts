// Measures what confirming a search's best policies is worth: the gain that the chosen policy promises and its true
// gain, on objectives with known true rewards (those of `bench:regret`). The trials come from random search, so that
// only the choice among them is compared.
//
//   node scripts/bench/confirmation.ts [--table FILE] [--trials 100] [--seeds 100] [--top 5] [--samples 5]
//
// FILE has real trials as JSON lines, as for `bench:regret`; without it the objective is synthetic, a new one per seed.

import { parseArgs } from "node:util";
import { randomSearchPoint } from "../../src/controller/controller.ts";
import { predictedRewards } from "../../src/controller/predicted.ts";
import { judge, type Objective } from "./regret/objective.ts";
import { summarize } from "./regret/results.ts";
import { syntheticObjective } from "./regret/synthetic.ts";
import { tableObjective } from "./regret/table.ts";

/** The gain over the baseline of the trial chosen from a search: as measured (told) and its true value (kept). */
interface Choice {
  readonly told: number;
  readonly kept: number;
}

/** New samples are numbered from here, far from the search's trials. */
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

/** The choice of each method in one search. */
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
