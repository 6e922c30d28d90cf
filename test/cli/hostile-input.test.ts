// Inputs that are very deep, very long or no files at all: each is one line of printable characters, exit code 2, with little
// memory. Nothing waits for them, and nothing is written.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { formatPolicyFile, type PolicyFile } from "../../src/policy/policy-file.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { lineOf, run, runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-hostile-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

const at = (name: string) => join(root, name);

function write(name: string, content: string | Uint8Array): string {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), content);
  return at(name);
}

const searchWith = (config: string) =>
  runMain(["optimize", "--config", config, "--out", at("out")], environment);
const applyWith = (policy: string) =>
  runMain(["apply", "--policy", policy, "--data", SAMPLE_ARCHIVE, "--out", at("out")], environment);

after(() => assert.ok(!existsSync(at("out"))));

const many = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i));

describe("a configuration", () => {
  const aliases = (first: string, group: (name: string) => string) =>
    [`a0: &a0 ${first}`, ...many(20, (i) => `a${i + 1}: &a${i + 1} ${group(`a${i}`)}`), "data: *a20"].join(
      "\n",
    );
  const cases: Record<string, [text: string, problem: RegExp]> = {
    "that contains itself": [
      "data: &a [*a]\n",
      /data: expected a dataset's name, or a path, received \[{50,}/,
    ],
    "that contains itself as a map": ["data: &a {b: *a}\n", /data: expected .*, received \{"b":\{"b"/],
    "whose key contains itself": ["? &a [*a]\n: 1\n", /line 1: expected the name of a key/],
    "with an alias as a key": ["a: &x data\n*x : 5\n", /line 2: expected the name of a key/],
    "of aliases of aliases": [
      aliases("[x, x]", (name) => `[${many(9, () => `*${name}`).join()}]`),
      /not valid YAML: excessive alias count/,
    ],
    "of aliases in maps": [
      aliases("{x: 1}", (name) => `{${many(9, (i) => `k${i}: *${name}`).join()}}`),
      /not valid YAML: excessive alias count/,
    ],
    "of many levels of lists": [
      `data: ${"[".repeat(50_000)}${"]".repeat(50_000)}\n`,
      /not valid YAML: it has too many levels/,
    ],
    "of many levels of lists without an end": [`data: ${"[".repeat(100_000)}`, /not valid YAML/],
    "of many levels of maps": [
      `data: ${"{a: ".repeat(20_000)}${"}".repeat(20_000)}\n`,
      /not valid YAML: it has too many levels/,
    ],
    "of many levels in lines": [
      `data:\n${many(600, (i) => `${" ".repeat(i + 1)}a:\n`).join("")}`,
      /data: expected|too many levels/,
    ],
    "of many levels of items": [
      `data:\n${"- ".repeat(100_000)}x\n`,
      /not valid YAML: it has too many levels/,
    ],
    "of many levels of keys": [`${"? ".repeat(100_000)}x\n`, /not valid YAML: it has too many levels/],
    "with 20,000 unknown keys": [
      `data: cifar10\n${many(20_000, (i) => `k${i}: 1\n`).join("")}`,
      /unknown key "k0" \(.*, line 2\); known keys are data, .*; and 19999 more mistakes$/,
    ],
    "with 100,000 unknown keys": [
      `data: cifar10\n${many(100_000, (i) => `k${i}: 1\n`).join("")}`,
      /it has \d+ bytes, more than the 262144 that such a file may have$/,
    ],
    "with one key 15,000 times": [
      "data: cifar10\n".repeat(15_000),
      /line 2, column 1: not valid YAML: map keys must be unique/,
    ],
    "with 30,000 techniques": [
      `data: cifar10\noperations: [${many(30_000, () => "rotatex").join()}]\n`,
      /operations: expected .*, received \["rotatex"/,
    ],
    "with 100,000 epochs": [
      `data: cifar10\nstop_epochs: [${many(100_000, () => "1").join()}]\n`,
      /stop_epochs\[1\]: 1 is not greater than 1, the number before it .*\(.*, line 2\)$/,
    ],
    "with a value of 200,000 letters": [
      `data: cifar10\nmodel: ${"k".repeat(200_000)}\n`,
      /unknown model "k{199}…"/,
    ],
    "with a key of 200,000 letters": [
      `? ${"k".repeat(200_000)}\n: 1\ndata: cifar10\n`,
      /unknown key "k{199}…" /,
    ],
    "with a number of 200,000 digits": [
      `data: cifar10\nseed: ${"9".repeat(200_000)}\n`,
      /seed: expected .*, received /,
    ],
    "with control characters": [
      'data: cifar10\n"\\e[31mx\\0\\u202e\\n": 1\n',
      /unknown key "\\x1b\[31mx\\x00\\u202e\\n" /,
    ],
    "with control characters in a value": [
      'data: cifar10\nmodel: "\\e]0;x\\a"\n',
      /unknown model "\\x1b\]0;x\\x07"/,
    ],
    "of megabytes": ["#".repeat(10_000_000), /it has 10000000 bytes, more than/],
  };
  for (const [name, [text, problem]] of Object.entries(cases)) {
    it(`${name} is one line`, async () => {
      assert.match(lineOf(await searchWith(write("config.yaml", text))), problem);
    });
  }

  it("of the worst kinds needs little memory", async () => {
    for (const name of ["with 20,000 unknown keys", "of many levels of lists", "with 100,000 epochs"]) {
      const config = write("memory.yaml", cases[name][0]);
      const finished = await run(["optimize", "--config", config], {
        ...environment,
        NODE_OPTIONS: "--max-old-space-size=300",
      });
      assert.match(lineOf(finished), cases[name][1]);
    }
  });

  it("on the command line, too", async () => {
    const long = "x".repeat(100_000);
    const args: [args: string[], problem: RegExp][] = [
      [["--set", `seed=${"[".repeat(50_000)}`], /not a YAML value/],
      [["--set", `${long}=1`], /unknown key "x{199}…"/],
      [["--set", "model=\u001b[31m\u202e"], /unknown model "\\x1b\[31m\\u202e"/],
      [["--set", "seed=&a [*a]"], /seed: expected .*, received \[+\.\.\./],
      [["--data", `cifar${"0".repeat(1000)}\n`], /no dataset "cifar0{194}…"|the name is too long/],
    ];
    for (const [more, problem] of args) {
      const finished = await runMain(["optimize", "--data", "cifar10", ...more], environment);
      assert.match(lineOf(finished), problem);
    }
  });
});

describe("a policy file", () => {
  const whole: PolicyFile = {
    dataset: { name: "x", classes: 2, imageShape: [32, 32, 3] },
    baseline: { reward: 0.5, standardError: null, confirmed: false },
    policies: [
      {
        ...{ trial: 1, reward: 0.6, standardError: null, confirmed: false, expectedAccuracyIncrease: 0.1 },
        ...{ portion: 1, chains: [[{ type: "rotate", magnitude: 0.5 }]] },
      },
    ],
  };
  const changed = (
    change: (policy: Record<string, unknown>, file: Record<string, unknown>) => void,
  ): string => {
    const file = JSON.parse(formatPolicyFile(whole));
    change(file.policies[0], file);
    return JSON.stringify(file);
  };
  const operation = (type = "rotate") => ({ type, magnitude: 0.5 });
  /** A text in which a word is replaced, since what replaces it is too deep for JSON.stringify. */
  const replaced = (key: string, value: string) =>
    changed((policy) => {
      policy[key] = "PLACE";
    }).replace('"PLACE"', value);
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const cases: Record<string, [text: () => string, problem: RegExp]> = {
    "whose format has 10,000 levels": [
      () => `{"format":${deep(10_000)}}`,
      /not valid JSON: it has more than 100 levels/,
    ],
    "whose portion has 100,000 levels": [
      () => replaced("portion", deep(100_000)),
      /it has more than 100 levels/,
    ],
    "whose chains have 99 levels": [
      () => replaced("chains", deep(90)),
      /chains\[0\]\[0\]: expected an object, received \[+/,
    ],
    "of objects in objects": [
      () => replaced("trial", `${'{"a":'.repeat(1_000_000)}1${"}".repeat(1_000_000)}`),
      /it has more than 100 levels/,
    ],
    "of a million lists without an end": [() => "[".repeat(1_000_000), /it has more than 100 levels/],
    "with a chain of 300,000 operations": [
      () => changed((policy) => (policy.chains = [many(300_000, () => "").map(() => operation())])),
      /policies\[0\]\.chains: 300000 operations are more than the 1000 that a policy may have/,
    ],
    "with 300,000 chains": [
      () => changed((policy) => (policy.chains = many(300_000, () => "").map(() => [operation()]))),
      /policies\[0\]\.chains: 300000 operations are more than the 1000/,
    ],
    "with a chain of a million operations": [
      () => changed((policy) => (policy.chains = [many(1_000_000, () => "").map(() => operation())])),
      /it has \d+ bytes, more than the 16777216 that such a file may have/,
    ],
    "with a technique of a million letters": [
      () => changed((policy) => (policy.chains = [[operation("x".repeat(1_000_000))]])),
      /unknown technique "x{199}…"; known are crop, /,
    ],
    "with a technique of control characters": [
      () => changed((policy) => (policy.chains = [[operation("a\u001b[31m\n\0b\u202e\u009b")]])),
      /unknown technique "a\\x1b\[31m\\n\\x00b\\u202e\\u009b"; known are crop, /,
    ],
    "with a name of a million letters for a number": [
      () => changed((policy) => (policy.trial = "x".repeat(1_000_000))),
      /policies\[0\]\.trial: expected a number, received "x{56}\.\.\.$/,
    ],
  };
  for (const [name, [text, problem]] of Object.entries(cases)) {
    it(`${name} is one line`, async () => {
      assert.match(lineOf(await applyWith(write("policies.json", text()))), problem);
    });
  }
});

describe("what is no file", { skip: process.platform === "win32" }, () => {
  const server = createServer();
  before(async () => {
    execFileSync("mkfifo", [at("pipe")]);
    execFileSync("mkfifo", [at("pipe.npz")]);
    execFileSync("mkfifo", [at("pipe.csv")]);
    mkdirSync(at("folder"));
    await new Promise<void>((resolve) => server.listen(at("socket"), resolve));
  });
  after(() => server.close());

  const kinds = (): [path: string, reason: RegExp][] => [
    [at("pipe"), /: it is a named pipe, not an ordinary file/],
    [at("socket"), /: it is a socket, not an ordinary file/],
    ["/dev/zero", /: it is a device, not an ordinary file/],
  ];
  const small = ["train_set_size=40", "validation_set_size=20", "model=basiccnn", "iterations=1"].flatMap(
    (setting) => ["--set", setting],
  );

  it("is not read as a configuration, policies, a dataset, a notebook or weights", async () => {
    for (const [path, reason] of kinds()) {
      const commands: string[][] = [
        ["optimize", "--config", path],
        ["evaluate", "--config", path],
        ["apply", "--policy", path, "--data", SAMPLE_ARCHIVE, "--out", at("out")],
        ["preview", "--policy", path, "--data", SAMPLE_ARCHIVE, "--out", at("out.png")],
        ["evaluate", "--policy", path, "--data", SAMPLE_ARCHIVE, "--out", at("out")],
        ["data", "info", path],
        ["optimize", "--data", path],
        ["apply", "--recipe", "flip", "--data", path, "--out", at("out")],
        ["optimize", "--data", SAMPLE_ARCHIVE, "--warm-start", path, ...small, "--out", at("out")],
      ];
      for (const args of commands) {
        const line = lineOf(await runMain(args, environment));
        assert.match(line, reason, args.join(" "));
        assert.ok(line.includes(path), line);
      }
      const weights = ["--set", "child_first_train_epochs=1", "--set", `pre_aug_weights_path=${path}`];
      const finished = await runMain(
        [
          "optimize",
          "--data",
          SAMPLE_ARCHIVE,
          ...small,
          ...weights,
          "--set",
          "image_size=12",
          "--out",
          at("out"),
        ],
        environment,
      );
      assert.equal(finished.code, 2, finished.stderr);
      assert.match(finished.stderr.trimEnd().split("\n").at(-1) ?? "", reason);
    }
    for (const name of ["pipe.npz", "pipe.csv"]) {
      assert.match(lineOf(await runMain(["data", "info", at(name)], environment)), /it is a named pipe, not/);
    }
    assert.match(lineOf(await searchWith(at("folder"))), /it is a folder, not a file$/);
    // Among the files of an archive that is unpacked.
    const names = [1, 2, 3, 4, 5]
      .map((i) => `data_batch_${i}.bin`)
      .concat("test_batch.bin", "batches.meta.txt");
    for (const name of names) write(`cifar-10-batches-bin/${name}`, "");
    rmSync(at("cifar-10-batches-bin/data_batch_3.bin"));
    execFileSync("mkfifo", [at("cifar-10-batches-bin/data_batch_3.bin")]);
    assert.match(
      lineOf(await runMain(["data", "info", at("cifar-10-batches-bin")], environment)),
      /data_batch_3\.bin: it is a named pipe, not an ordinary file$/,
    );
  });

  it("is passed over among the pictures of a folder", async () => {
    const { writePicture } = await import("../apply/pictures.ts");
    for (const name of ["a/1", "a/2", "b/1", "b/2"])
      await writePicture(at(`pictures/${name}.png`), name.length);
    cpSync(at("pictures"), at("mixed"), { recursive: true });
    execFileSync("mkfifo", [at("mixed/a/3.png")]);
    execFileSync("mkfifo", [at("mixed/b/notes.txt")]);
    const digestOf = async (folder: string) => {
      const { code, stdout, stderr } = await runMain(["data", "info", folder, "--json"], environment);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout).digest;
    };
    assert.equal(await digestOf(at("mixed")), await digestOf(at("pictures")));
  });

  it("does not stop the preview that replaces an earlier one from seeing it", async () => {
    const pipe = at("sheet.png");
    execFileSync("mkfifo", [pipe]);
    const finished = await runMain(
      ["preview", "--recipe", "flip", "--data", SAMPLE_ARCHIVE, "--out", pipe],
      environment,
    );
    assert.match(
      lineOf(finished),
      /cannot write to .*sheet\.png: it is a named pipe, not an ordinary file; give another/,
    );
    assert.ok(readdirSync(root).includes("sheet.png"));
  });
});
