// Whether the search space should exclude chains that hold one technique twice. Two measurements: how recorded trials of
// such chains did, beside what the surrogate expects of them from all other trials; and how often searches ask for one,
// above all for a pair that cancels itself (the same flip twice, or two inversions).
//
//   npm run bench:repeats -- [--table FILE] [--trials 100] [--seeds 20]
//
// FILE has real trials as JSON lines, as for `bench:regret`.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { TECHNIQUES, type TechniqueName } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import type { Point } from "../../src/controller/controller.ts";
import { Surrogate } from "../../src/controller/surrogate.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { createSpace, policyToPoint } from "../../src/policy/space.ts";
import { judge, type Objective } from "./regret/objective.ts";
import { type Summary, summarize } from "./regret/results.ts";
import { tableObjective } from "./regret/table.ts";

const { values } = parseArgs({
  options: {
    table: { type: "string", default: "test/fixtures/trials.jsonl" },
    trials: { type: "string", default: "100" },
    seeds: { type: "string", default: "20" },
  },
});
const [trials, seeds] = [values.trials, values.seeds].map(Number);
const INITIAL_POINTS = 10;
/** The controller's lag with two workers and one sample per trial. */
const LAG = 3;
/** For the expected reward of comparable trials: this many random groups as large as that of the repeats. */
const GROUPS = 20;

const space = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
reportRecorded(values.table);
reportAsked(tableObjective(values.table));

/** What recorded trials of repeats gained over what the surrogate expects of them. */
function reportRecorded(table: string): void {
  const all = readFileSync(table, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly policy: Policy; readonly reward: number })
    .filter(({ policy }) => policy.portion > 0)
    .map(({ policy, reward }) => ({ point: policyToPoint(space, policy), reward, standardError: null }));
  const repeats = all.filter(({ point }) => isRepeat(point));
  const others = all.filter(({ point }) => !isRepeat(point));
  const surprise = (heldOut: typeof all, told: typeof all, seed: number): Summary => {
    const points = heldOut.map(({ point }) => point);
    const { mean } = new Surrogate(space.dimensions, told, seed).predict(points);
    return summarize(heldOut.map(({ reward }, index) => reward - mean[index]));
  };
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const heldOut = others.filter((_, index) => index % GROUPS === group);
    return surprise(
      heldOut,
      others.filter((_, index) => index % GROUPS !== group),
      group,
    ).mean;
  });
  print("recorded trials", {
    repeats: summarize(repeats.map(({ reward }) => reward)),
    others: summarize(others.map(({ reward }) => reward)),
    surpriseOfRepeats: surprise(repeats, others, 0),
    surpriseOfOthers: summarize(groups),
  });
}

/** How often searches ask for repeats, on the recorded trials with pairs that cancel themselves made to do so. */
function reportAsked(objective: Objective): void {
  const { rewardAt } = objective.create(0);
  const baseline = rewardAt(objective.baseline);
  const truth = (point: Point) => baseline + (1 - cancelledShare(point)) * (rewardAt(point) - baseline);
  const [repeats, cancelling]: [number[], number[]] = [[], []];
  for (let seed = 0; seed < seeds; seed++) {
    const controller = new BayesianController(space.dimensions, seed, INITIAL_POINTS);
    const tell = (trial: number, point: Point) => {
      const { reward, standardError } = judge(objective, truth(point), seed, trial);
      controller.tell(trial, point, reward, standardError);
    };
    tell(0, objective.baseline);
    const asked: Point[] = [objective.baseline];
    for (let trial = 1; trial <= trials; trial++) {
      if (trial - LAG >= 1) tell(trial - LAG, asked[trial - LAG]);
      asked.push(controller.ask(trial));
    }
    const proposed = asked.slice(1 + INITIAL_POINTS);
    repeats.push(proposed.filter(isRepeat).length / proposed.length);
    cancelling.push(proposed.filter((point) => cancelledShare(point) >= 0.5).length / proposed.length);
  }
  print("share of proposals", { trials, repeats: summarize(repeats), cancelling: summarize(cancelling) });
}

function isRepeat(point: Point): boolean {
  return point[0] === point[2];
}

/** The share of a pair's effect that is lost because the second operation undoes the first, in [0, 1]. */
function cancelledShare(point: Point): number {
  if (!isRepeat(point)) return 0;
  const technique: TechniqueName = TECHNIQUES[point[0]];
  if (technique === "invert") return 1;
  if (technique !== "horizontal-flip" && technique !== "vertical-flip") return 0;
  // Flips of probability a and b leave an image flipped with probability a + b − 2ab.
  const [a, b] = [point[1], point[3]];
  const greater = Math.max(a, b);
  return greater === 0 ? 0 : 1 - Math.min(1, (a + b - 2 * a * b) / greater);
}

function print(what: string, figures: Record<string, unknown>): void {
  console.log(JSON.stringify({ bench: "repeats", what, ...figures }));
}
