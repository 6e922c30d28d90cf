// Prints one table of several evaluations of the same data, model and settings, so that the policies of different searches are
// compared with the same recipes, sample by sample: evaluations of the same seed draw the same images, weights and orders.
//
//   npm run compare:evaluations -- recipes=reports/evaluations/<time> first=reports/evaluations/<time> …
//
// All arms of the first one are in the table. Of the others it has the recipes that are not there yet, and the policies, named
// `<name>` if there is one, else `<name>: <arm>`.

import { isDeepStrictEqual } from "node:util";
import { type ArmParts, parseArm } from "../src/config/arms.ts";
import { loadAtSize } from "../src/dataset/sizes.ts";
import { compareArms } from "../src/evaluate/comparison.ts";
import { loadEvaluation, reopenEvaluation } from "../src/evaluate/evaluation.ts";
import { type ArmTraining, EvaluationRecords } from "../src/evaluate/records.ts";
import { selectSplit } from "../src/evaluate/split.ts";
import { tableOf } from "./evaluations/table.ts";
import { runScript } from "./run-script.ts";

interface Evaluation {
  readonly arms: readonly ArmParts[];
  readonly trainings: readonly ArmTraining[];
  /** Of the test images. */
  readonly labels: Int32Array;
  /** What two evaluations must have in common to be compared. */
  readonly settings: unknown;
}

await runScript(async () => {
  const given = process.argv.slice(2).map((argument) => {
    const [, name = argument, path = argument] = /^([^=/]+)=(.+)$/.exec(argument) ?? [];
    return { name, path };
  });
  if (given.length === 0) throw new Error("give the folders of evaluations, as name=folder");
  const [first, ...others] = await Promise.all(given.map(({ path }) => read(path)));
  const all = [first];
  for (const [index, other] of others.entries()) {
    const { name, path } = given[index + 1];
    if (!isDeepStrictEqual(other.settings, first.settings))
      throw new Error(`${path} has other data or settings than ${given[0].path}`);
    all.push(added(other, name, new Set(all.flatMap(({ arms }) => arms.map((arm) => arm.name)))));
  }
  const arms = all.flatMap((evaluation) => evaluation.arms);
  const trainings = all.flatMap((evaluation) => evaluation.trainings);
  console.log(tableOf(compareArms(arms, trainings, first.labels)).join("\n"));
});

async function read(path: string): Promise<Evaluation> {
  const prepared = reopenEvaluation(path);
  const { config, resumed } = prepared;
  const { dataset } = await loadEvaluation(prepared, (size) => loadAtSize(prepared.source.data, size));
  const { folder, facts } = resumed!;
  const { labels } = selectSplit(dataset, facts.split).validation;
  const { samples, epochs } = config;
  if (config.arms === "auto" || epochs === "auto" || !facts.begun) {
    throw new Error(`${path} does not keep the settings with which it began; evaluate again`);
  }
  const records = new EvaluationRecords(folder.recordsPath, folder.file("predictions.csv"), {
    ...{ arms: config.arms, samples, epochs },
    ...{ labels, classes: dataset.classNames.length },
  });
  const { arms: _, ...settings } = facts.begun.settings;
  return {
    arms: config.arms.map(parseArm),
    trainings: records.recover(),
    labels,
    settings: { ...settings, data: dataset.digest, split: facts.split },
  };
}

/** The recipes that are not among `taken`, and the policies, under names of their own. */
function added(
  { arms, trainings, ...rest }: Evaluation,
  name: string,
  taken: ReadonlySet<string>,
): Evaluation {
  const found = arms.filter((arm) => arm.policies || !taken.has(arm.name));
  const isOne = found.filter(({ policies }) => policies).length === 1;
  const nameOf = (arm: ArmParts) => {
    if (!arm.policies) return arm.name;
    return isOne ? name : `${name}: ${arm.name}`;
  };
  const names = new Map(found.map((arm) => [arm.name, nameOf(arm)]));
  return {
    ...rest,
    arms: found.map((arm) => ({ ...arm, name: names.get(arm.name)! })),
    trainings: trainings.flatMap((training) => {
      const arm = names.get(training.arm);
      return arm === undefined ? [] : [{ ...training, arm }];
    }),
  };
}
