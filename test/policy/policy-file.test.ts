import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { type Policy, plainPolicy } from "../../src/policy/policy.ts";
import {
  formatPolicyFile,
  type PolicyFile,
  parsePolicyFile,
  policyFileAt,
  readPolicyFile,
} from "../../src/policy/policy-file.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-policies-"));
after(() => rmSync(folder, { recursive: true }));

const file: PolicyFile = {
  dataset: { name: "cifar10", classes: 10, imageShape: [32, 32, 3] },
  baseline: { reward: 0.486, standardError: 0.004, confirmed: true, searchReward: 0.479 },
  policies: [
    {
      trial: 112,
      reward: 0.541,
      standardError: null,
      confirmed: true,
      searchReward: 0.566,
      expectedAccuracyIncrease: 0.05500000000000005,
      portion: 0.97,
      chains: [
        [
          { type: "horizontal-flip", magnitude: 0.95 },
          { type: "gamma-contrast", magnitude: 0.85 },
        ],
      ],
    },
    {
      trial: 7,
      reward: 0.53,
      standardError: 0.006,
      confirmed: false,
      predictedReward: 0.519,
      expectedAccuracyIncrease: 0.051000000000000045,
      portion: 0.5,
      chains: [[{ type: "fog", magnitude: 0.25 }]],
    },
  ],
};

/** The contract's example as text, with `from` replaced by `to`. */
function changed(from: string, to: string): string {
  const text = `{
    "format": "deepaugment-policies", "version": 1,
    "dataset": {"name": "cifar10", "classes": 10, "imageShape": [32, 32, 3]},
    "baseline": {"reward": 0.486, "standardError": 0.004},
    "policies": [
      {"trial": 112, "reward": 0.541, "standardError": 0.005, "expectedAccuracyIncrease": 0.055, "portion": 0.97,
       "chains": [[{"type": "Horizontal_Flip", "magnitude": 0.95}, {"type": "gamma-contrast", "magnitude": 0.85}]]}
    ]
  }`;
  assert.ok(text.includes(from), from);
  return text.replace(from, to);
}

function errorOf(text: string): string {
  try {
    parsePolicyFile(text, "best.json");
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail("no error");
}

describe("the policy file", () => {
  it("is written as in the contract, and read back the same", () => {
    const text = formatPolicyFile(file);
    const content = JSON.parse(text);
    assert.deepEqual(Object.keys(content), ["format", "version", "dataset", "baseline", "policies"]);
    assert.equal(content.format, "deepaugment-policies");
    assert.equal(content.version, 1);
    assert.deepEqual(Object.keys(content.policies[0]), [
      "trial",
      "reward",
      "standardError",
      "confirmed",
      "searchReward",
      "expectedAccuracyIncrease",
      "portion",
      "chains",
    ]);
    assert.deepEqual(parsePolicyFile(text, "policies.json"), file);
    const path = join(folder, "policies.json");
    writeFileSync(path, text);
    assert.deepEqual(readPolicyFile(path), file);
  });

  it("keeps what goes beyond the original's form, as version 2", () => {
    const [first] = file.policies;
    const chains: Policy["chains"] = [[{ type: "shear-x", magnitude: 0.3 }], [{ type: "fog", magnitude: 1 }]];
    const extended: Policy = {
      base: "flip-crop",
      magnitudes: "drawn",
      redrawn: true,
      portion: 0.5,
      weights: [1, 2.5],
      chains,
    };
    for (const policy of [
      extended,
      { portion: 0.5, chains },
      { ...extended, weights: undefined },
      { ...extended, weights: undefined, chances: [0, 0.25] },
      { base: "flip", portion: 0.5, chains: [chains[1]] },
    ] as Policy[]) {
      const whole = { ...file, policies: [{ ...first, ...policy }] };
      const text = formatPolicyFile(whole);
      assert.equal(JSON.parse(text).version, 2);
      const [read] = parsePolicyFile(text, "policies.json").policies;
      assert.deepEqual(plainPolicy(read), plainPolicy(policy));
    }
    const wrong = (key: string) => errorOf(changed('"portion": 0.97,', `"portion": 0.97, ${key},`));
    assert.equal(
      wrong('"base": "flop"'),
      'best.json: policies[0].base: unknown recipe "flop"; did you mean "flip"?',
    );
    assert.equal(
      wrong('"magnitudes": "fixed"'),
      'best.json: policies[0].magnitudes: expected "drawn", received "fixed"',
    );
    assert.equal(wrong('"redrawn": 1'), "best.json: policies[0].redrawn: expected true, received 1");
    assert.equal(
      wrong('"weights": [1, 2]'),
      "best.json: policies[0].weights: expected a weight for each chain, received [1, 2]",
    );
    assert.equal(
      wrong('"weights": [0]'),
      "best.json: policies[0].weights[0]: expected a number above 0, received 0",
    );
    assert.equal(
      wrong('"redrawn": true, "chances": [0.1, 0.2]'),
      "best.json: policies[0].chances: expected a chance for each chain, received [0.1, 0.2]",
    );
    assert.equal(
      wrong('"redrawn": true, "chances": [1.1]'),
      "best.json: policies[0].chances[0]: expected a number from 0 to 1, received 1.1",
    );
    const conflict = "expected only policies with redrawn and without weights to have them, received [0.5]";
    for (const keys of ['"chances": [0.5]', '"redrawn": true, "weights": [1], "chances": [0.5]']) {
      assert.equal(wrong(keys), `best.json: policies[0].chances: ${conflict}`);
    }
  });

  it("says how many near-equals a confirmed policy has, if that is known", () => {
    const [confirmed, other] = file.policies;
    const counted = { ...file, policies: [{ ...confirmed, nearEquals: 3 }, other] };
    assert.deepEqual(parsePolicyFile(formatPolicyFile(counted), "policies.json"), counted);
    assert.equal(
      errorOf(changed('"standardError": 0.005', '"standardError": 0.005, "nearEquals": 1.5')),
      "best.json: policies[0].nearEquals: expected a whole number from 0 upwards, received 1.5",
    );
  });

  it("keeps what was confirmed of a gain, and that a policy was not trained again", () => {
    const [confirmed, other] = file.policies;
    const confirmation = { gain: 0.055, interval: { low: -0.01, high: 0.12 }, trainings: 5 };
    const once = { ...confirmation, interval: null, trainings: 1 };
    for (const known of [confirmation, once]) {
      const policies = [
        { ...confirmed, confirmation: known },
        { ...other, confirmation: null },
      ];
      const text = formatPolicyFile({ ...file, policies });
      assert.deepEqual(parsePolicyFile(text, "policies.json"), { ...file, policies });
      assert.equal(JSON.parse(text).policies[1].confirmation, null);
    }
    const errorWith = (change: Record<string, unknown>) => {
      const value = JSON.stringify({ ...confirmation, ...change });
      return errorOf(changed('"portion"', `"confirmation": ${value}, "portion"`));
    };
    const place = "best.json: policies[0].confirmation";
    const cases: [change: Record<string, unknown>, error: string][] = [
      [{ gain: "much" }, '.gain: expected a number, received "much"'],
      [{ gain: 55 }, ".gain: expected a number from -1 to 1, received 55"],
      [{ trainings: 0 }, ".trainings: expected a whole number from 1 upwards, received 0"],
      [{ interval: undefined }, ".interval: expected an object, received nothing"],
      [{ interval: { low: 0 } }, ".interval.high: expected a number, received nothing"],
      [{ interval: { low: 0.1, high: 1 } }, ".interval.low: expected at most the gain, 0.055, received 0.1"],
      [{ interval: { low: 0, high: 0 } }, ".interval.high: expected at least the gain, 0.055, received 0"],
    ];
    for (const [change, error] of cases) assert.equal(errorWith(change), place + error);
    assert.equal(
      errorOf(changed('"portion"', '"confirmation": true, "portion"')),
      `${place}: expected an object, received true`,
    );
  });

  it("from an older version of the program is read as not confirmed", () => {
    const read = parsePolicyFile(changed("0.97", "0.5"), "best.json");
    const { confirmed, searchReward, predictedReward } = read.policies[0];
    assert.deepEqual([confirmed, searchReward, predictedReward], [false, undefined, undefined]);
    assert.deepEqual(read.baseline, { reward: 0.486, standardError: 0.004, confirmed: false });
    assert.deepEqual(parsePolicyFile(formatPolicyFile(read), "best.json"), read);
  });

  it("is read with technique names in any spelling", () => {
    const read = parsePolicyFile(changed("0.97", "1"), "best.json");
    assert.equal(read.policies[0].chains[0][0].type, "horizontal-flip");
    assert.equal(read.policies[0].portion, 1);
  });

  it("that cannot be read, is empty or not JSON is an error", () => {
    const missing = join(folder, "none.json");
    assert.throws(() => readPolicyFile(missing), {
      name: "UsageError",
      message: `cannot read the policies ${missing}: there is no such file or folder`,
    });
    assert.throws(() => readPolicyFile(folder), /it is a folder, not a file/);
    assert.equal(errorOf(" \n"), "best.json: the file is empty; expected the policies.json of a search");
    assert.match(errorOf('{"format": \n'), /^best\.json: not valid JSON: /);
  });

  it("of another format or version is an error", () => {
    const other = 'best.json: not a policy file: expected the format "deepaugment-policies", but';
    assert.equal(errorOf("[]"), `${other} it is not a JSON object`);
    assert.equal(errorOf("{}"), `${other} its format is nothing`);
    assert.equal(errorOf(changed("deepaugment-policies", "x")), `${other} its format is "x"`);
    assert.equal(
      errorOf(changed('"version": 1', '"version": 3')),
      "best.json: version: this program reads versions 1 and 2, the file has 3",
    );
  });

  it("names the place of a mistake", () => {
    const cases: [from: string, to: string, error: string][] = [
      [
        '"gamma-contrast"',
        '"gama contrast"',
        'policies[0].chains[0][1].type: unknown technique "gama contrast"; did you mean "gamma-contrast"?',
      ],
      ['"gamma-contrast"', "3", "policies[0].chains[0][1].type: expected a string, received 3"],
      ["0.85", "1.5", "policies[0].chains[0][1].magnitude: expected a number from 0 to 1, received 1.5"],
      ["0.95", "-0.1", "policies[0].chains[0][0].magnitude: expected a number from 0 to 1, received -0.1"],
      ["0.95", "1e999", "policies[0].chains[0][0].magnitude: expected a number, received Infinity"],
      ['"portion": 0.97', '"portion": 97', "policies[0].portion: expected a number from 0 to 1, received 97"],
      ['"portion": 0.97,', "", "policies[0].portion: expected a number, received nothing"],
      ["0.541", '"good"', 'policies[0].reward: expected a number, received "good"'],
      ["0.541", "54.1", "policies[0].reward: expected a number from -1 to 1, received 54.1"],
      [
        "0.055",
        "1e308",
        "policies[0].expectedAccuracyIncrease: expected a number from -1 to 1, received 1e+308",
      ],
      [
        '"standardError": 0.005',
        '"standardError": 0.005, "confirmed": "yes"',
        'policies[0].confirmed: expected true or false, received "yes"',
      ],
      [
        '"standardError": 0.004',
        '"standardError": 0.004, "searchReward": null',
        "baseline.searchReward: expected a number, received null",
      ],
      ["112", "1.5", "policies[0].trial: expected a whole number from 0 upwards, received 1.5"],
      ['"chains": [[', '"chains": [[7, ', "policies[0].chains[0][0]: expected an object, received 7"],
      [
        '"chains": [[',
        '"chains": [[], [',
        "policies[0].chains[0]: expected a list of at least one, received []",
      ],
      ['"chains"', '"chain"', 'policies[0]: unknown key "chain"; did you mean chains?'],
      ['"portion"', '"weight": [2], "portion"', 'policies[0]: unknown key "weight"; did you mean weights?'],
      [
        '"magnitude": 0.85',
        '"magnitude": 0.85, "p": 0.5',
        'policies[0].chains[0][1]: unknown key "p"; known are type, magnitude',
      ],
      ["[32, 32, 3]", "[32]", "dataset.imageShape: expected [height, width, channels], received [32]"],
      [
        "[32, 32, 3]",
        "[32, 0, 3]",
        "dataset.imageShape[1]: expected a whole number from 1 upwards, received 0",
      ],
      ['"baseline"', '"base"', "baseline: expected an object, received nothing"],
    ];
    for (const [from, to, error] of cases) assert.equal(errorOf(changed(from, to)), `best.json: ${error}`);
    const none = formatPolicyFile({ ...file, policies: [] });
    assert.deepEqual(parsePolicyFile(none, "best.json").policies, []);
  });
});

describe("policyFileAt", () => {
  it("is a file itself, or the file of an experiment's folder", () => {
    const experiment = join(folder, "experiment");
    mkdirSync(experiment);
    assert.equal(policyFileAt("best.json", "best"), "best.json");
    const problemOf = (act: () => unknown) => {
      try {
        act();
      } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
      }
      return "nothing";
    };
    assert.equal(
      problemOf(() => policyFileAt(experiment, "best")),
      `${experiment} has no best.json: it is not an experiment's folder; give one, or a policy file`,
    );
    writeFileSync(join(experiment, "experiment.json"), "{}");
    assert.equal(
      problemOf(() => policyFileAt(experiment, "all")),
      `${experiment} has no policies.json: no trial of this experiment has ended yet; continue it with optimize --resume`,
    );
    for (const [name, needed] of [
      ["best.json", "best"],
      ["policies.json", "all"],
    ] as const) {
      const path = join(experiment, name);
      writeFileSync(path, formatPolicyFile({ ...file, policies: [] }));
      assert.equal(
        problemOf(() => policyFileAt(experiment, needed)),
        `${experiment}: the search has found no policy that did better than no augmentation; more trials may find one`,
      );
      writeFileSync(path, formatPolicyFile(file));
      assert.equal(policyFileAt(experiment, needed), path);
    }
  });
});
