// An experiment whose files were damaged or edited: each command names the file and what is wrong with it in one line, and
// changes nothing.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { type Finished, runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-damaged-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const SETTINGS = {
  ...{ data: SAMPLE_ARCHIVE, image_size: 12, train_set_size: 20, validation_set_size: 10, seed: 5 },
  ...{ model: "basiccnn", child_epochs: 1, child_batch_size: 10, iterations: 1, workers: 1 },
  ...{ confirm_top: 0, bases: "[none]", reward: "original" },
};

/** Of a finished search of one trial. */
let whole: string;
before(async () => {
  const out = join(root, "whole");
  const settings = Object.entries({ ...SETTINGS, out });
  const { code, stderr } = await runMain(
    ["optimize", ...settings.flatMap(([key, value]) => ["--set", `${key}=${value}`])],
    environment,
  );
  assert.equal(code, 0, stderr);
  whole = join(out, readdirSync(out)[0]);
});

let copies = 0;

/** A copy of the experiment, for a test to damage. */
function copy(): string {
  const folder = join(root, `copy-${copies++}`);
  cpSync(whole, folder, { recursive: true });
  return folder;
}

const optimize = (folder: string) =>
  runMain(["optimize", "--resume", folder, "--iterations", "2"], environment);
const show = (folder: string) => runMain(["show", folder], environment);

/** What is in a folder: pipes and devices by their kind. */
function contentsOf(folder: string): unknown {
  return readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const stats = existsSync(path) ? statSync(path) : undefined;
    return [name, stats?.isFile() ? readFileSync(path, "latin1") : stats?.mode];
  });
}

function checkLine({ code, stdout, stderr }: Finished, path: string, problem: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  const line = stderr.trimEnd().split("\n").at(-1) ?? "";
  assert.ok(line.startsWith("deepaugment: ") && line.includes(path), stderr);
  assert.match(line, problem);
  assert.doesNotMatch(stderr, /this is a bug/);
}

/** Checks that these commands fail for this reason, and leave the folder as it was. */
async function refuses(
  folder: string,
  path: string,
  problem: RegExp,
  commands: readonly ((folder: string) => Promise<Finished>)[] = [optimize, show],
): Promise<void> {
  const before = contentsOf(folder);
  for (const command of commands) checkLine(await command(folder), path, problem);
  assert.deepEqual(contentsOf(folder), before);
}

describe("experiment.json", () => {
  const edited = (path: string, value: unknown): string => {
    const folder = copy();
    const file = join(folder, "experiment.json");
    const facts = JSON.parse(readFileSync(file, "utf8"));
    const keys = path.split(".");
    const last = keys.pop()!;
    const place = keys.reduce((at, key) => at[key], facts);
    if (value === undefined) delete place[last];
    else place[last] = value;
    writeFileSync(file, JSON.stringify(facts));
    return folder;
  };

  const keys: [path: string, values: readonly unknown[]][] = [
    ["lag", [0, -1, 1.5, "x", [], {}, null, undefined]],
    ["seed", [-1, "5", null, undefined]],
    ["dataset", [null, 5, [], {}, undefined]],
    ["dataset.classes", [0, "x", undefined]],
    ["dataset.digest", [5, null]],
    ["dataset.imageShape", [[12, 12], [0, 12, 3], "12"]],
    ["engine", [null, "x", 5, undefined]],
    ["precision", ["float65", null, undefined]],
    ["kernels", [5, {}]],
    ["machine", [null, {}, []]],
    ["versions", [null, { node: 24 }]],
    ["model", [5, {}]],
    ["subsets.train", [null, [1, 1], [2, 1], ["a"], [-1]]],
    ["subsets.validationFrom", ["test", null]],
    ["settings", [5, []]],
    ["confirming", [5, {}, { iterations: 1, trials: "x" }]],
    ["finished", [5, {}, { trials: -1, policies: "x" }]],
    ["format", ["other", undefined]],
  ];
  for (const [path, values] of keys) {
    it(`whose ${path} is not what it should be is refused by its name`, async () => {
      for (const value of values) {
        const folder = edited(path, value);
        await refuses(folder, join(folder, "experiment.json"), new RegExp(`: ${path.replace(".", "\\.")}`));
      }
    });
  }

  it("that is cut, deep, empty or of other bytes is refused", async () => {
    const text = readFileSync(join(whole, "experiment.json"), "utf8");
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    for (const content of ["", text.slice(0, 500), "[]", "null", deep, "\0".repeat(1000)]) {
      const folder = copy();
      writeFileSync(join(folder, "experiment.json"), content);
      await refuses(folder, join(folder, "experiment.json"), /; restore the file as it was written$/);
    }
  });

  it("that contradicts the data or the other files is refused when it is resumed", async () => {
    const contradictions: [path: string, value: unknown, problem: RegExp][] = [
      ["dataset.digest", "0".repeat(64), /the data are not those with which/],
      ["dataset.classes", 9, /dataset describes others than those of its digest/],
      ["dataset.imageShape", [13, 12, 3], /dataset describes others than those of its digest/],
      ["seed", 6, /config\.yaml: seed is 5, but the experiment began with 6/],
      [
        "subsets.train",
        Array.from({ length: 20 }, (_, i) => i),
        /the subsets in experiment\.json are not those/,
      ],
      ["settings.child_batch_size", 20, /child_batch_size is 10, but the experiment began with 20/],
    ];
    for (const [path, value, problem] of contradictions) {
      const folder = edited(path, value);
      await refuses(folder, "", problem, [optimize]);
    }
  });
});

describe("config.yaml", () => {
  const edited = (key: string, value: unknown): string => {
    const folder = copy();
    const path = join(folder, "config.yaml");
    const text = readFileSync(path, "utf8");
    const changed = text.replace(new RegExp(`^${key}:.*\n(?:  .*\n)*`, "m"), `${key}: ${value}\n`);
    assert.notEqual(changed, text);
    writeFileSync(path, changed);
    return folder;
  };

  it("with another setting than the experiment began with is refused with the key and both values", async () => {
    const settings: [key: string, value: unknown, began: string][] = [
      ["seed", 6, "5"],
      ["train_set_size", 30, "20"],
      ["validation_set_size", 20, "10"],
      ["image_size", 16, "12"],
      ["test_share", 0.1, "0"],
      ["model", "wrn_10_1", '"basiccnn"'],
      ["child_epochs", 2, "1"],
      ["child_batch_size", 20, "10"],
      ["child_first_train_epochs", 1, "0"],
      ["method", "random", '"bayesian_optimization"'],
      ["opt_samples", 2, "1"],
      ["opt_last_n_epochs", 2, "3"],
      ["opt_initial_points", 3, "10"],
      ["reward", "averaged", '"original"'],
      ["balanced_validation", true, "false"],
      ["operations", "[rotate]", "["],
      ["bases", "[none, flip]", '["none"]'],
      ["magnitudes", "fixed", '"drawn"'],
      ["policy_chains", 2, "3"],
    ];
    for (const [key, value, began] of settings) {
      const folder = edited(key, value);
      const problem = `config.yaml: ${key} is .*, but the experiment began with ${began.replace("[", "\\[")}`;
      await refuses(folder, join(folder, "config.yaml"), new RegExp(problem), [optimize]);
      // Also if nothing is left to do.
      const again = await runMain(["optimize", "--resume", folder], environment);
      checkLine(again, join(folder, "config.yaml"), new RegExp(problem));
    }
  });

  it("may have another number of trials and workers, name and place", async () => {
    const folder = copy();
    const path = join(folder, "config.yaml");
    let text = readFileSync(path, "utf8");
    const free = { iterations: 2, workers: 2, threads: 1, out: "elsewhere", name: "other", logging: "debug" };
    for (const [key, value] of Object.entries({ ...free, confirm_top: 1, confirm_samples: 1 })) {
      text = text.replace(new RegExp(`^${key}:.*$`, "m"), `${key}: ${value}`);
    }
    writeFileSync(path, text);
    const { code, stderr } = await runMain(["optimize", "--resume", folder], environment);
    assert.equal(code, 0, stderr);
    const rows = readFileSync(join(folder, "notebook.csv"), "utf8").trimEnd().split("\n");
    assert.equal(rows.length, 1 + 3);
  });

  it("of an experiment of an older version is held against what that recorded", async () => {
    const folder = edited("seed", 6);
    const path = join(folder, "experiment.json");
    const { settings: _, ...facts } = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify(facts));
    await refuses(folder, "config.yaml", /seed is 6, but the experiment began with 5/, [optimize]);
    writeFileSync(join(folder, "config.yaml"), readFileSync(join(whole, "config.yaml")));
    assert.equal((await optimize(folder)).code, 0);
  });
});

describe("the tables of an experiment", () => {
  it("may have lines of megabytes", async () => {
    const folder = copy();
    const sums = readFileSync(join(folder, "notebook.sums"), "utf8");
    writeFileSync(
      join(folder, "notebook.sums"),
      `${sums}9,9,${"0".repeat(8_000_000)}\n8,8,${"x".repeat(8_000_000)}\n`,
    );
    writeFileSync(
      join(folder, "failures.csv"),
      `trial_no,sample_no,reason\n2,0,"${'""'.repeat(10_000_000)}"\n`,
    );
    const { code, stderr } = await optimize(folder);
    assert.equal(code, 0, stderr);
  });

  it("are refused with the line if it names no failure", async () => {
    for (const row of [
      '1,0,"x',
      "1,x,y",
      ",,y",
      "-1,0,y",
      "1e30,0,y",
      "1,0",
      `1,0,"${"x".repeat(20_000_000)}`,
    ]) {
      const folder = copy();
      writeFileSync(join(folder, "failures.csv"), `trial_no,sample_no,reason\n${row}\n`);
      await refuses(
        folder,
        join(folder, "failures.csv"),
        /, line 2: expected the numbers of a trial and a sample/,
      );
    }
  });
});

describe("the results of a finished experiment that were changed", () => {
  let confirmed: string;
  before(async () => {
    const out = join(root, "confirmed");
    const { bases: _, reward: __, ...settings } = SETTINGS;
    // Engine wasm computes the same on every machine: with this seed, policies are confirmed.
    const own = { seed: 10, engine: "wasm", train_set_size: 40, validation_set_size: 40, child_epochs: 2 };
    const all = { ...settings, ...own, iterations: 3, confirm_top: 2, confirm_samples: 2, out };
    const sets = Object.entries(all).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    const { code, stderr } = await runMain(["optimize", ...sets], environment);
    assert.equal(code, 0, stderr);
    confirmed = join(out, readdirSync(out)[0]);
    const { policies } = JSON.parse(readFileSync(join(confirmed, "policies.json"), "utf8"));
    assert.ok(policies.some((policy: { confirmed: boolean }) => policy.confirmed));
  });

  const edited = (name: string, change: (text: string) => string): string => {
    const folder = join(root, `copy-${copies++}`);
    cpSync(confirmed, folder, { recursive: true });
    const text = readFileSync(join(folder, name), "utf8");
    assert.notEqual(change(text), text);
    writeFileSync(join(folder, name), change(text));
    return folder;
  };
  const more = (folder: string) =>
    runMain(["optimize", "--resume", folder, "--iterations", "4"], environment);
  const report = (folder: string) => runMain(["report", folder, "--out", join(root, "r.html")], environment);
  const warm = (folder: string) => {
    const sets = Object.entries({ ...SETTINGS, out: join(root, "warm"), warm_start: folder });
    return runMain(
      ["optimize", ...sets.flatMap(([key, value]) => ["--set", `${key}=${value}`])],
      environment,
    );
  };
  /** The file with another reward, and accuracy, in its last row. */
  const better = (text: string) => {
    const [header, ...rows] = text.trimEnd().split("\n");
    const columns = header.split(",");
    const cells = rows.at(-1)!.split(",");
    for (const [name, value] of Object.entries({
      val_acc: 0.9,
      acc_overfit: Number(cells[columns.indexOf("acc")]) - 0.9,
      reward: 0.9,
    }))
      cells[columns.indexOf(name)] = String(value);
    return `${[header, ...rows.slice(0, -1), cells.join()].join("\n")}\n`;
  };

  it("are refused with the line: the notebook", async () => {
    const twice = (text: string) => `${text + text.trimEnd().split("\n").at(-1)}\n`;
    for (const change of [better, twice]) {
      const folder = edited("notebook.csv", change);
      const line = change === better ? 5 : 6;
      const problem = new RegExp(`, line ${line}: it is not as it was written`);
      await refuses(folder, join(folder, "notebook.csv"), problem, [show, report]);
    }
    const folder = edited("notebook.csv", (text) => text.replaceAll("\n", "\r\n"));
    await refuses(folder, join(folder, "notebook.csv"), /line \d: /, [show, report, more]);
    const changed = edited("notebook.csv", better);
    await refuses(changed, join(changed, "notebook.csv"), /, line 5: it is not as it was written/, [
      more,
      warm,
    ]);
  });

  it("are refused with the line: the fresh trainings", async () => {
    const folder = edited("confirmations.csv", better);
    const path = join(folder, "confirmations.csv");
    await refuses(folder, path, /, line 7: it is not as it was written/, [show, report, more]);
    for (const change of [
      () => "",
      (text: string) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`,
    ]) {
      const cut = edited("confirmations.csv", change);
      await refuses(cut, join(cut, "confirmations.csv"), /has not the trainings of trial \d/, [show]);
    }
  });

  it("are made again: the policies", async () => {
    const folder = edited("policies.json", (text) =>
      text.replace(/"expectedAccuracyIncrease": [\d.]+/, '"expectedAccuracyIncrease": 0.99'),
    );
    const path = join(folder, "policies.json");
    await refuses(
      folder,
      path,
      /policies.json is not as it was written; deepaugment optimize --resume .* makes it again/,
      [show, report],
    );
    const { code, stderr } = await runMain(["optimize", "--resume", folder], environment);
    assert.equal(code, 0, stderr);
    assert.equal(readFileSync(path, "utf8"), readFileSync(join(confirmed, "policies.json"), "utf8"));
    assert.equal((await show(folder)).code, 0);
  });

  it("are trained again: fresh trainings that are not there", async () => {
    const folder = edited(
      "confirmations.csv",
      (text) => `${text.trimEnd().split("\n").slice(0, -1).join("\n")}\n`,
    );
    assert.equal((await more(folder)).code, 0);
    assert.equal((await show(folder)).code, 0);
    assert.equal((await runMain(["optimize", "--resume", folder, "--iterations", "5"], environment)).code, 0);
  });
});

describe("something else in place of a file of an experiment", { skip: process.platform === "win32" }, () => {
  const files = ["config.yaml", "experiment.json", "notebook.csv", "failures.csv", "policies.json"];
  const kinds: [what: string, make: (path: string) => void, reason: RegExp][] = [
    ["a folder", (path) => mkdirSync(path), /it is a folder, not a file/],
    ["a named pipe", (path) => execFileSync("mkfifo", [path]), /it is a named pipe, not an ordinary file/],
    ["a device", (path) => symlinkSync("/dev/zero", path), /it is a device, not an ordinary file/],
  ];
  for (const [what, make, reason] of kinds) {
    it(`is named: ${what}`, async () => {
      for (const file of files) {
        const folder = copy();
        rmSync(join(folder, file), { force: true });
        make(join(folder, file));
        await refuses(folder, join(folder, file), reason, [show]);
      }
      for (const file of ["notebook.sums", "early.csv", "confirmations.csv", "plan.json"]) {
        const folder = copy();
        rmSync(join(folder, file), { force: true });
        make(join(folder, file));
        await refuses(folder, join(folder, file), reason, [optimize]);
      }
    });
  }

  it("is named: a lock of something else", async () => {
    const holder = { host: hostname(), started: null, since: 1 };
    for (const pid of [2 ** 31, 2 ** 53 - 1, 0, -1, "1"]) {
      const folder = copy();
      writeFileSync(join(folder, "experiment.x.lock"), JSON.stringify({ ...holder, pid }));
      await refuses(
        folder,
        join(folder, "experiment.x.lock"),
        /is no lock of this program \(pid: .*\); remove it$/,
      );
    }
    const folder = copy();
    mkdirSync(join(folder, "experiment.x.lock"));
    await refuses(folder, join(folder, "experiment.x.lock"), /\(it is a folder, not a file\); remove it$/);
  });
});
