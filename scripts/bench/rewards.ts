// How well statistics of one training predict the gain in test accuracy that another training of the same policy has, with
// other training images and weights: on recorded learning curves, without training.
//
//   npm run bench:rewards -- [--curves FILE]
//
// Gains are over no augmentation, of the same sample. Test accuracy is always that of trainings with equal steps.

import { parseArgs } from "node:util";
import { rewardOf } from "../../src/child/reward.ts";
import { correlationOf } from "../../src/common/correlation.ts";
import { meanOf } from "../../src/common/mean.ts";
import { formatSignedPoints } from "../../src/common/points.ts";
import { Random } from "../../src/common/random.ts";
import { formatPolicy } from "../../src/policy/policy.ts";
import { AVERAGED_AT, type CurvePair, EPOCHS, type RecordedCurve, readCurves } from "../curves/table.ts";

const { values } = parseArgs({
  options: { curves: { type: "string", default: "test/fixtures/curves-cifar10.jsonl.gz" } },
});

const BOOTSTRAPS = 200;

interface Statistic {
  readonly name: string;
  of(curve: RecordedCurve): number;
}

const last = (list: readonly number[], count: number, end = list.length) => list.slice(end - count, end);

function original(epochs: number): Statistic {
  return {
    name: `original reward, ${epochs} epochs`,
    of: ({ training, validation }) => {
      const history = Array.from({ length: epochs }, (_, index) => ({
        ...{ epoch: index + 1, loss: training.loss[index], accuracy: training.accuracy[index], seconds: 0 },
        ...{ validationLoss: validation.loss[index], validationAccuracy: validation.accuracy[index] },
      }));
      return rewardOf(history, { bestEpochs: 3, overfitMargin: 0.1 });
    },
  };
}

function averaged(epochs: number): Statistic[] {
  const place = AVERAGED_AT.indexOf(epochs);
  return [
    {
      name: `averaged weights, accuracy, ${epochs} epochs`,
      of: ({ averaged: { accuracy } }) => accuracy[place],
    },
    { name: `averaged weights, log-loss, ${epochs} epochs`, of: ({ averaged: { loss } }) => -loss[place] },
    {
      name: `averaged weights, both, ${epochs} epochs`,
      of: ({ averaged: { accuracy, loss } }) => accuracy[place] - 0.1 * loss[place],
    },
  ];
}

const STATISTICS: readonly Statistic[] = [
  original(15),
  original(25),
  original(EPOCHS),
  { name: "best validation accuracy", of: ({ validation }) => Math.max(...validation.accuracy) },
  { name: "last validation accuracy", of: ({ validation }) => validation.accuracy.at(-1)! },
  {
    name: "mean accuracy of the last 13 epochs",
    of: ({ validation }) => meanOf(last(validation.accuracy, 13)),
  },
  { name: "mean log-loss of the last 13 epochs", of: ({ validation }) => -meanOf(last(validation.loss, 13)) },
  { name: "least validation loss", of: ({ validation }) => -Math.min(...validation.loss) },
  ...AVERAGED_AT.flatMap(averaged),
];

const pairs = readCurves(values.curves);
const [none] = pairs;
const targets = targetsOf(pairs);
const known = pairs.slice(1).filter((pair) => targets.has(keyOf(pair)));
report(
  "trainings with equal steps",
  known.filter(({ equalSteps }) => equalSteps),
);
report(
  "the original's trainings",
  known.filter(({ equalSteps }) => !equalSteps),
);

function keyOf({ policy }: CurvePair): string {
  return JSON.stringify(policy);
}

/** For each policy, the gains in test accuracy of its samples, with equal steps. */
function targetsOf(all: readonly CurvePair[]): Map<string, number[]> {
  return new Map(
    all
      .filter(({ equalSteps }) => equalSteps)
      .map((pair) => [
        keyOf(pair),
        pair.samples.map(({ test }, sample) => test.accuracy - none.samples[sample].test.accuracy),
      ]),
  );
}

function report(title: string, group: readonly CurvePair[]): void {
  if (group.length < 3) return;
  const target = (pair: CurvePair, sample: number) => targets.get(keyOf(pair))![sample];
  const ceiling = correlationOf(
    group.map((pair) => target(pair, 0)),
    group.map((pair) => target(pair, 1)),
  );
  console.log(`## ${title}: ${group.length} policies\n`);
  console.log(`Correlation of the two samples' test gains: ${ceiling.toFixed(2)}\n`);
  console.log("| statistic | correlation | rank correlation | gain of its best | of its best 5 |");
  console.log("|---|---:|---:|---:|---:|");
  const rated = STATISTICS.map((statistic) => {
    const both = [0, 1].map((sample) => ({
      predicted: group.map((pair) => statistic.of(pair.samples[sample]) - statistic.of(none.samples[sample])),
      gained: group.map((pair) => target(pair, 1 - sample)),
    }));
    const mean = (of: (each: (typeof both)[number]) => number) => meanOf(both.map(of));
    return {
      name: statistic.name,
      correlation: mean(({ predicted, gained }) => correlationOf(predicted, gained)),
      error: bootstrap(both),
      ranks: mean(({ predicted, gained }) => correlationOf(ranksOf(predicted), ranksOf(gained))),
      best: mean(({ predicted, gained }) => gainOfBest(predicted, gained, 1)),
      best5: mean(({ predicted, gained }) => gainOfBest(predicted, gained, 5)),
    };
  });
  for (const { name, correlation: value, error, ranks, best, best5 } of rated) {
    const cells = [
      `${value.toFixed(2)} ± ${error.toFixed(2)}`,
      ranks.toFixed(2),
      formatSignedPoints(best),
      formatSignedPoints(best5),
    ];
    console.log(`| ${name} | ${cells.join(" | ")} |`);
  }
  const greatest = [...group].sort((a, b) => sumOf(b) - sumOf(a)).slice(0, 8);
  console.log(`\nThe greatest mean test gains, in points (the best chosen by it):\n`);
  for (const pair of greatest) {
    console.log(`- ${formatSignedPoints(sumOf(pair) / 2)}: ${formatPolicy(pair.policy)}`);
  }
  console.log("");
}

function sumOf(pair: CurvePair): number {
  const [a, b] = targets.get(keyOf(pair))!;
  return a + b;
}

/** Mean gain of the policies that are predicted to be the best. */
function gainOfBest(predicted: readonly number[], gained: readonly number[], count: number): number {
  const order = [...predicted.keys()].sort((a, b) => predicted[b] - predicted[a]);
  return meanOf(order.slice(0, count).map((index) => gained[index]));
}

/** Standard error of the correlation over draws of the policies. */
function bootstrap(both: readonly { predicted: readonly number[]; gained: readonly number[] }[]): number {
  const count = both[0].predicted.length;
  const drawn = Array.from({ length: BOOTSTRAPS }, (_, draw) => {
    const random = new Random("bootstrap", draw);
    const rows = Array.from({ length: count }, () => random.integer(0, count - 1));
    const of = (list: readonly number[]) => rows.map((row) => list[row]);
    return meanOf(both.map(({ predicted, gained }) => correlationOf(of(predicted), of(gained))));
  });
  const mean = meanOf(drawn);
  return Math.sqrt(meanOf(drawn.map((value) => (value - mean) ** 2)));
}

function ranksOf(list: readonly number[]): number[] {
  const order = [...list.keys()].sort((a, b) => list[a] - list[b]);
  const ranks = new Array<number>(list.length).fill(0);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}
