import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { Experiment } from "../../src/experiment/experiment.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import { mostPromising, rankPolicies } from "../../src/experiment/ranking.ts";
import { type TrainingRecord, type TrialRecord, trialOf } from "../../src/experiment/records.ts";
import { noAugmentation, type Operation, type Policy } from "../../src/policy/policy.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-experiment-"));
after(() => rmSync(root, { recursive: true }));

const policy = noAugmentation(1, 2);
const trial = (number: number, reward: number): TrialRecord => ({
  trial: number,
  policy,
  reward,
  standardError: null,
});
const sample = (reward: number): TrainingRecord => ({ trial: 4, sample: 0, policy, history: [], reward });

describe("a trial", () => {
  it("has the mean of its samples and the standard error of that mean", () => {
    const { reward, standardError } = trialOf([sample(0.5), sample(0.6), sample(0.7)]);
    assert.ok(Math.abs(reward - 0.6) < 1e-12);
    // Standard deviation 0.1 (n − 1 in the denominator), over the root of 3.
    assert.ok(Math.abs((standardError ?? 0) - 0.1 / Math.sqrt(3)) < 1e-12);
  });

  it("of one sample has no standard error", () => {
    assert.equal(trialOf([sample(0.5)]).standardError, null);
  });
});

/** Trials from 0, the baseline, with these rewards. */
const trialsOf = (...rewards: number[]) => rewards.map((reward, number) => trial(number, reward));
const byTrial = (rewards: Record<number, number>) =>
  new Map(Object.entries(rewards).map(([number, reward]) => [Number(number), reward]));
const confirmedAs = (rewards: Record<number, number>) =>
  new Map(Object.entries(rewards).map(([number, reward]) => [Number(number), trial(Number(number), reward)]));
const numbersOf = (policies: readonly { readonly trial: number }[]) => policies.map(({ trial }) => trial);

describe("the policies that are reported", () => {
  it("are those better than the baseline, best first, the earlier of equals first, at most 20", () => {
    assert.deepEqual(numbersOf(rankPolicies(trialsOf(0.5, 0.4, 0.6, 0.5, 0.7, 0.6)).policies), [4, 2, 5]);
    const many = rankPolicies(trialsOf(0.5, ...Array.from({ length: 40 }, (_, i) => 0.6 + i / 100))).policies;
    assert.deepEqual(numbersOf(many).slice(0, 3), [40, 39, 38]);
    assert.equal(many.length, 20);
    // 0.1 + 0.2 is not 0.3 in floating point.
    assert.deepEqual(numbersOf(rankPolicies(trialsOf(0.1, 0.3, 0.1 + 0.2, 0.3)).policies), [1, 2, 3]);
  });

  it("say how much they gain, and that nothing confirms it yet", () => {
    const { policies, baseline } = rankPolicies(trialsOf(0.5, 0.75));
    assert.deepEqual(baseline, { reward: 0.5, standardError: null, confirmed: false });
    const { portion, chains } = policy;
    const found = { trial: 1, reward: 0.75, standardError: null, confirmed: false };
    assert.deepEqual(policies, [
      { ...found, expectedAccuracyIncrease: 0.25, confirmation: null, portion, chains },
    ]);
  });

  it("are in the order of their predicted rewards once there are any", () => {
    const predicted = byTrial({ 0: 0.5, 1: 0.55, 2: 0.5, 3: 0.6 });
    const { policies } = rankPolicies(trialsOf(0.5, 0.6, 0.75, 0.55), { predicted });
    assert.deepEqual(numbersOf(policies), [3, 1, 2]);
    assert.deepEqual([policies[2].reward, policies[2].predictedReward], [0.75, 0.5]);
  });

  it("are led by those confirmed, without those that the confirmed baseline beats; trials may be missing", () => {
    const trials = trialsOf(0.5, 0.6, 0.9, 0.8, 0.7, 0.55, 0.4).filter(({ trial }) => trial !== 5);
    const confirmed = confirmedAs({ 0: 0.625, 1: 0.75, 2: 0.625, 4: 0.8125, 6: 0.6875 });
    const { baseline, policies } = rankPolicies(trials, { confirmed });
    assert.deepEqual(baseline, { reward: 0.625, standardError: null, confirmed: true, searchReward: 0.5 });
    assert.deepEqual(
      policies.map(({ trial, reward, confirmed, searchReward }) => [trial, reward, confirmed, searchReward]),
      [
        [4, 0.8125, true, 0.7],
        [1, 0.75, true, 0.6],
        [6, 0.6875, true, 0.4],
        [3, 0.8, false, undefined],
      ],
    );
    assert.deepEqual(
      policies.map(({ expectedAccuracyIncrease }) => expectedAccuracyIncrease),
      [0.1875, 0.125, 0.0625, 0.8 - 0.5],
    );
  });

  it("count as confirmed only beside the baseline's own fresh trainings", () => {
    const { baseline, policies } = rankPolicies(trialsOf(0.5, 0.6), { confirmed: confirmedAs({ 1: 0.7 }) });
    assert.equal(baseline.confirmed, false);
    assert.deepEqual([policies[0].reward, policies[0].confirmed], [0.6, false]);
  });
});

describe("the trials to confirm", () => {
  const rotated = (magnitude: number, portion: number, second: Operation): Policy => ({
    chains: [[{ type: "rotate", magnitude }, second]],
    portion,
  });
  const fog = (magnitude: number): Operation => ({ type: "fog", magnitude });

  it("are the best predicted ones, of those predicted or seen better than the baseline", () => {
    const trials = trialsOf(0.5, 0.6, 0.4, 0.45, 0.7, 0.5).map((record) => ({
      ...record,
      policy: { ...policy, portion: record.trial / 5 },
    }));
    const predicted = byTrial({ 0: 0.5, 1: 0.48, 2: 0.52, 3: 0.49, 4: 0.55, 5: 0.5 });
    assert.deepEqual(numbersOf(mostPromising(trials, predicted, 10)), [4, 2, 1]);
    assert.deepEqual(numbersOf(mostPromising(trials, predicted, 2)), [4, 2]);
    assert.deepEqual(numbersOf(mostPromising(trials, predicted, 0)), []);
  });

  it("have the best recipe among them, in place of the last if none is good enough", () => {
    // The first two after the baseline judge recipes.
    const trials = trialsOf(0.5, 0.51, 0.52, 0.6, 0.62, 0.61).map((record) => ({
      ...record,
      policy: { ...policy, portion: record.trial / 5 },
    }));
    const chosen = (most: number, recipes: number, of = trials) =>
      numbersOf(mostPromising(of, new Map(), most, recipes));
    assert.deepEqual(chosen(3, 0), [4, 5, 3]);
    assert.deepEqual(chosen(3, 2), [4, 5, 2]);
    assert.deepEqual(chosen(4, 2), [4, 5, 3, 2], "it is chosen anyway");
    assert.deepEqual(chosen(1, 2), [4], "one alone is the best");
    const worse = trials.map((record) => (record.trial < 3 ? { ...record, reward: 0.4 } : record));
    worse[0] = { ...worse[0], reward: 0.5 };
    assert.deepEqual(chosen(9, 2, worse), [4, 5, 3, 1], "also if it is worse than the baseline");
    assert.deepEqual(chosen(3, 2, trials.slice(0, 1)), []);
  });

  it("have policies that differ: near-equals of a better one are passed over, and counted", () => {
    const policies = [
      policy,
      rotated(0.5, 0.5, fog(0.1)), // 1: the best
      rotated(0.58, 0.45, fog(0.9)), // 2: near 1; the magnitude of fog means nothing
      rotated(0.65, 0.5, fog(0.1)), // 3: near 2, which was passed over, but not near 1
      rotated(0.5, 0.65, fog(0.1)), // 4: another portion
      rotated(0.5, 0.5, { type: "invert", magnitude: 0.1 }), // 5: another technique
      rotated(0.42, 0.58, fog(0)), // 6: near 1
      rotated(0.5, 0.5, fog(0.1)), // 7: equal to 1, but worse than the baseline
    ];
    const rewards = [0.5, 0.8, 0.79, 0.78, 0.77, 0.76, 0.75, 0.4];
    const trials = rewards.map((reward, number) => ({ ...trial(number, reward), policy: policies[number] }));
    const predicted = byTrial(Object.fromEntries(rewards.entries()));
    assert.deepEqual(numbersOf(mostPromising(trials, predicted, 10)), [1, 3, 4, 5]);
    assert.deepEqual(numbersOf(mostPromising(trials, predicted, 2)), [1, 3]);
    const confirmed = confirmedAs({ 0: 0.5, 1: 0.7, 3: 0.6 });
    const ranked = rankPolicies(trials, { predicted, confirmed }).policies;
    assert.deepEqual(
      ranked.map(({ trial, nearEquals }) => [trial, nearEquals]),
      [
        [1, 2],
        [3, 1],
        [2, undefined],
        [4, undefined],
        [5, undefined],
        [6, undefined],
      ],
    );
  });
});

describe("the notebook", () => {
  it("gives back every training with every digit", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const technique = fc.constantFrom(...TECHNIQUES);
    const operation = fc.record({ type: technique, magnitude: share }, { noNullPrototype: true });
    const epoch = fc.record({
      loss: fc.double({ min: 0, noNaN: true }),
      accuracy: share,
      validationLoss: share,
      validationAccuracy: share,
    });
    let count = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(operation, operation, share, epoch, share), { minLength: 1, maxLength: 5 }),
        (trainings) => {
          const notebook = new Notebook(join(root, `${count++}.csv`), {
            chains: 1,
            operationsPerChain: 2,
            epochs: 1,
          });
          notebook.create();
          const records = trainings.map(
            ([first, second, portion, result, reward], index): TrainingRecord => ({
              trial: index,
              sample: 0,
              policy: { chains: [[first, second]], portion },
              history: [{ epoch: 1, ...result, seconds: 1.5 }],
              reward,
            }),
          );
          for (const record of records) notebook.append(record);
          assert.deepEqual(notebook.recover(), records);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("of other columns is refused", () => {
    const path = join(root, "other.csv");
    writeFileSync(path, "a,b\n1,2\n");
    const notebook = new Notebook(path, { chains: 1, operationsPerChain: 2, epochs: 1 });
    assert.throws(() => notebook.recover(), /other\.csv, line 1: expected the columns trial_no/);
  });
});

/** What an experiment.json has at least. */
const FACTS = {
  ...{ format: "deepaugment-experiment", version: 1 },
  dataset: { name: "photos", digest: "0123", imageShape: [32, 32, 3] },
  subsets: { train: [0, 2], validation: [1], validationFrom: "train" },
};

describe("an experiment's folder", () => {
  it("is named by time and name, and never an existing one", () => {
    const out = join(root, "experiments");
    const folders = [1, 2, 3].map(() => Experiment.create(out, "mine & yours", "info").folder);
    assert.equal(new Set(folders).size, 3);
    assert.equal(readdirSync(out).length, 3);
    for (const folder of folders) assert.match(folder, /\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-mine-yours(-\d)?$/);
  });

  it("logs what is serious enough", () => {
    const experiment = Experiment.create(join(root, "logs"), null, "warn");
    experiment.log("info", "quiet");
    experiment.log("error", "loud");
    assert.match(readFileSync(experiment.path("experiment.log"), "utf8"), /^\S+Z error loud\n$/);
  });

  it("writes config.yaml only if it changes", () => {
    const experiment = Experiment.create(join(root, "config"), null, "info");
    experiment.writeConfig("seed: 1\n");
    const { ino } = statSync(experiment.configPath);
    experiment.writeConfig("seed: 1\n");
    assert.equal(statSync(experiment.configPath).ino, ino);
    experiment.writeConfig("seed: 2\n");
    assert.equal(readFileSync(experiment.configPath, "utf8"), "seed: 2\n");
  });

  it("is finished with the policies that it had in the end, and the same number of trials", () => {
    const experiment = Experiment.create(join(root, "finished"), null, "info");
    writeFileSync(experiment.path("experiment.json"), JSON.stringify(FACTS));
    assert.ok(!experiment.isFinished(5));
    writeFileSync(experiment.path("policies.json"), "those of 5 trials");
    assert.ok(!experiment.isFinished(5));
    experiment.markFinished(5);
    assert.deepEqual(
      [4, 5, 6].map((trials) => experiment.isFinished(trials)),
      [false, true, false],
    );
    assert.equal(experiment.readFacts().finished?.trials, 5);
    writeFileSync(experiment.path("policies.json"), "those of 6 trials");
    assert.ok(!experiment.isFinished(5));
  });

  it("of an older version is finished if its log ends so", () => {
    const experiment = Experiment.create(join(root, "older"), null, "info");
    writeFileSync(experiment.path("experiment.json"), JSON.stringify(FACTS));
    writeFileSync(experiment.path("policies.json"), "those of 5 trials");
    experiment.log("info", "the search has finished");
    assert.ok(!experiment.isFinished(5));
    experiment.log("info", "finished");
    assert.ok(experiment.isFinished(5));
    experiment.log("info", "resumed after 5 trials");
    assert.ok(!experiment.isFinished(5));
  });

  it("is refused if it is not one, and named if it is damaged", () => {
    assert.throws(() => Experiment.open(root), {
      name: "UsageError",
      message: /is not an experiment.*config\.yaml/,
    });
    const experiment = Experiment.create(join(root, "damaged"), null, "info");
    experiment.writeConfig("data: x\n");
    writeFileSync(experiment.path("experiment.json"), "{");
    assert.throws(() => Experiment.open(experiment.folder).readFacts(), /experiment\.json/);
    const { dataset, subsets } = FACTS;
    const damages: [unknown, RegExp][] = [
      [null, /: expected object, received null; restore/],
      [{ ...FACTS, format: "deepaugment-evaluation" }, /: format: it has another format; restore/],
      [{ ...FACTS, dataset: undefined }, /: dataset: expected object, received nothing; restore/],
      [
        { ...FACTS, dataset: { ...dataset, digest: 3 } },
        /: dataset\.digest: expected string, received number; /,
      ],
      [
        { ...FACTS, subsets: { ...subsets, validation: [3, 3] } },
        /: subsets\.validation: expected ascending /,
      ],
    ];
    for (const [facts, message] of damages) {
      writeFileSync(experiment.path("experiment.json"), JSON.stringify(facts));
      assert.throws(
        () => Experiment.open(experiment.folder).readFacts(),
        (error: Error) =>
          error.name === "UsageError" &&
          error.message.startsWith(`cannot read ${experiment.path("experiment.json")}: `) &&
          message.test(error.message) &&
          !error.message.includes("\n"),
      );
    }
  });
});
