// An evaluation whose files were damaged or edited is not resumed as if nothing had happened.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { evaluate, resumeEvaluation } from "../../src/evaluate/evaluation.ts";
import { formatPolicyFile } from "../../src/policy/policy-file.ts";
import { executorThat } from "./executor.ts";
import { writePhotos } from "./photos.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-resume-evaluation-"));
const home = process.env.DEEPAUGMENT_HOME;
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => {
  if (home === undefined) delete process.env.DEEPAUGMENT_HOME;
  else process.env.DEEPAUGMENT_HOME = home;
  rmSync(root, { recursive: true });
});

const executor = executorThat();

const POLICIES = join(root, "found.json");
let whole: string;
/** A copy of the finished evaluation. */
let folder: string;
let copies = 0;

before(async () => {
  const data = await writePhotos(join(root, "photos"));
  const policy = { trial: 3, reward: 0.4, standardError: null, confirmed: false };
  const file = {
    dataset: { name: "photos", classes: 3, imageShape: [12, 12, 3] as const },
    baseline: { reward: 0.3, standardError: null, confirmed: false },
    policies: [
      {
        ...{ ...policy, expectedAccuracyIncrease: 0.1, portion: 1 },
        chains: [[{ type: "rotate" as const, magnitude: 0.4 }]],
      },
    ],
  };
  writeFileSync(POLICIES, formatPolicyFile(file));
  const outcome = await evaluate(
    {
      ...{ data, image_size: 12, arms: ["none", "policy"], policy: POLICIES, save_weights: true },
      ...{ epochs: 1, samples: 1, batch_size: 20, engine: "wasm", out: join(root, "out") },
    },
    { executor },
  );
  whole = outcome.folder;
});

beforeEach(() => {
  folder = join(root, `copy-${copies++}`);
  cpSync(whole, folder, { recursive: true });
});

const edit = (name: string, change: (text: string) => string) => {
  const path = join(folder, name);
  const text = readFileSync(path, "utf8");
  assert.notEqual(change(text), text);
  writeFileSync(path, change(text));
};
type Facts = { split: { heldOut: number[] }; [key: string]: unknown };
const editFacts = (change: (facts: Facts) => unknown) =>
  edit("evaluation.json", (text) => JSON.stringify(change(JSON.parse(text))));

async function isRefused(message: RegExp): Promise<void> {
  await assert.rejects(resumeEvaluation(folder, { executor }), (error: Error) => {
    assert.ok(error instanceof UsageError, error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"), error.message);
    return true;
  });
}

describe("an evaluation to resume", () => {
  it("continues unchanged, with more workers, threads and samples, and without digests in older files", async () => {
    edit("config.yaml", (text) =>
      text.replace("samples: 1", "samples: 2").replace("workers: auto", "workers: 2"),
    );
    const { comparison } = await resumeEvaluation(folder, { executor });
    assert.deepEqual(
      comparison.arms.map(({ samples }) => samples),
      [2, 2],
    );
    editFacts(({ begun: _, ...facts }) => facts);
    edit("config.yaml", (text) => text.replace("augment_chance: 0.5", "augment_chance: 0.6"));
    await resumeEvaluation(folder, { executor });
  });

  it("keeps no checkpoint of a training that is done, which a killed program may leave", async () => {
    const checkpoints = join(folder, "checkpoints");
    writeFileSync(join(checkpoints, "none-0.safetensors"), "left");
    writeFileSync(join(checkpoints, "policy-0.safetensors.17.part"), "left");
    await resumeEvaluation(folder, { executor });
    assert.deepEqual(readdirSync(checkpoints), []);
  });

  it("is refused if the configuration decides something else, naming the key", async () => {
    for (const [from, to, what] of [
      ["epochs: 1", "epochs: 2", "epochs is 2, but the evaluation began with 1"],
      ["seed: 0", "seed: 1", "seed is 1, but the evaluation began with 0"],
      ["  - policy", "  - flip", 'arms is \\["?none"?, "?flip"?\\], but .* \\["?none"?, "?policy"?\\]'],
      ["recipe: child", "recipe: sgd", 'recipe is "sgd", but the evaluation began with "child"'],
    ]) {
      edit("config.yaml", (text) => text.replace(from, to));
      await isRefused(new RegExp(`config\\.yaml: ${what}; restore the file as it was written`));
      edit("config.yaml", (text) => text.replace(to, from));
    }
  });

  it("is refused if its policies are others or missing", async () => {
    edit("policies.json", (text) => text.replace("0.4", "0.5"));
    await isRefused(/policies\.json: these are not the policies with which the evaluation began; restore/);
    rmSync(join(folder, "policies.json"));
    await isRefused(/policies\.json: the file is missing; restore the file as it was written/);
  });

  it("is refused if other images are held out", async () => {
    const withHeldOut = (change: (heldOut: number[]) => unknown, more: (facts: Facts) => object) =>
      editFacts((facts) => ({
        ...more(facts),
        split: { ...facts.split, heldOut: change(facts.split.heldOut) },
      }));
    const asOlder = ({ begun: _, ...facts }: Facts) => facts;
    const cases: [(heldOut: number[]) => unknown, RegExp][] = [
      [
        (heldOut) => [...heldOut].reverse(),
        /split\.heldOut: expected ascending numbers of images, received \[.*\]; restore/,
      ],
      [
        (heldOut) => [heldOut[0], ...heldOut],
        /split\.heldOut: expected ascending numbers of images, received \[.*\]; restore/,
      ],
      [(heldOut) => [-1, ...heldOut.slice(1)], /split\.heldOut\.0: .*; restore/],
      [() => undefined, /split: expected heldOut for test images from the training split alone; restore/],
      [(heldOut) => heldOut.slice(1), /split names other images than the 13 with which .* began; restore/],
      [(heldOut) => [...heldOut.slice(1), 63], /split names other images than the 13 .*; restore/],
    ];
    const before = readFileSync(join(folder, "evaluation.json"));
    for (const [change, message] of cases) {
      withHeldOut(change, asOlder);
      await isRefused(message);
      writeFileSync(join(folder, "evaluation.json"), before);
    }
    withHeldOut(
      (heldOut) => {
        const other = heldOut.findIndex((index, i) => i > 0 && index > heldOut[i - 1] + 1);
        return heldOut.map((index, i) => (i === other ? index - 1 : index));
      },
      (facts) => facts,
    );
    await isRefused(/evaluation\.json: split is not the one with which the evaluation began; restore/);
  });

  it("is refused in one line if evaluation.json is damaged", async () => {
    const before = readFileSync(join(folder, "evaluation.json"), "utf8");
    const { dataset: _, ...undated } = JSON.parse(before);
    const { split: __, ...unsplit } = JSON.parse(before);
    const cases: [string, RegExp][] = [
      ["", /Unexpected end of JSON input/],
      [before.slice(0, 100), /JSON/],
      ["null", /expected object, received null/],
      ["[]", /expected object, received array/],
      [JSON.stringify(undated), /dataset: expected object, received nothing/],
      [JSON.stringify(unsplit), /split: expected object, received nothing/],
      [JSON.stringify({ ...unsplit, split: { testFrom: "validation" } }), /split\.testFrom: /],
      ["[".repeat(100_000), /it has more than 100 levels/],
      ...[5, [], {}, { arms: [] }, { arms: [null] }, { arms: [{}], conclusion: "x" }].map(
        (results): [string, RegExp] => [JSON.stringify({ ...JSON.parse(before), results }), /: results/],
      ),
      ...Object.entries({
        seed: "x",
        engine: "x",
        precision: null,
        machine: [],
        versions: 5,
        model: [],
        trainImages: 0,
      }).map(([key, value]): [string, RegExp] => [
        JSON.stringify({ ...JSON.parse(before), [key]: value }),
        new RegExp(`: ${key}`),
      ]),
    ];
    for (const [text, message] of cases) {
      writeFileSync(join(folder, "evaluation.json"), text);
      await isRefused(message);
      await isRefused(/^cannot read .*evaluation\.json: .*; restore the file as it was written$/);
    }
  });

  it("says that weights are missing, if they cannot be saved", async () => {
    const { comparison, weights, notes } = await resumeEvaluation(folder, { executor });
    assert.ok(weights);
    assert.deepEqual(notes, []);
    for (const { arm } of comparison.arms) rmSync(join(folder, "weights", `${arm}.safetensors`));
    const again = await resumeEvaluation(folder, { executor });
    assert.equal(again.weights, undefined);
    assert.equal(again.notes.length, 1);
    assert.match(
      again.notes[0],
      /^best-model\/ is not written: .*weights.*\.safetensors is missing; restore it, or start a new evaluation with --save-weights$/,
    );
  });

  it("names the predictions if they are missing, and starts over if evaluation.csv is empty", async () => {
    rmSync(join(folder, "predictions.csv"));
    await isRefused(
      /predictions\.csv is missing or empty; restore the file, or remove .*evaluation\.csv to run all/,
    );
    writeFileSync(join(folder, "evaluation.csv"), "");
    const notes: string[] = [];
    const { comparison } = await resumeEvaluation(folder, {
      executor,
      onStart: (start) => {
        assert.equal(start.trainings, 2);
        assert.equal(start.done, 0);
        notes.push(...start.notes);
        return {};
      },
    });
    assert.equal(comparison.arms.length, 2);
    assert.match(notes.join("\n"), /^.*evaluation\.csv is missing or empty: all trainings are run again$/m);
  });
});
