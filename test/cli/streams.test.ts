// Readers that leave and disks that are full under stdout and stderr: no stack trace, and nothing of the work is lost.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { runMain } from "./run.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/deepaugment.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "deepaugment-streams-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

/** Runs the program by a line of the shell, in which "$@" is it with its arguments. */
function shell(line: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    "bash",
    ["-c", line, "bash", process.execPath, PROGRAM, ...args],
    {
      encoding: "utf8",
      env: { ...process.env, ...environment },
    },
  );
  return { code: status, stdout, stderr };
}

const SEARCH = [
  ...["train_set_size=20", "validation_set_size=10", "image_size=12", "model=basiccnn", "child_epochs=1"],
  ...["child_batch_size=10", "iterations=2", "confirm_top=1", "confirm_samples=1", "workers=2"],
].flatMap((setting) => ["--set", setting]);
let outs = 0;
const newOut = () => join(root, `out-${outs++}`);

/** The commands that need no training, each with an output of its own. */
const commands = (): string[][] => [
  ["--help"],
  ["--version"],
  ["optimize", "--help"],
  ["models", "--json"],
  ["data", "info", SAMPLE_ARCHIVE],
  ["data", "info", SAMPLE_ARCHIVE, "--json"],
  ["show", experiment],
  ["show", experiment, "--json"],
  ["apply", "--recipe", "flip", "--data", SAMPLE_ARCHIVE, "--out", newOut(), "--json"],
  ["preview", "--recipe", "flip", "--data", SAMPLE_ARCHIVE, "--out", `${newOut()}.png`],
];

/** Of a finished search. */
let experiment: string;
before(async () => {
  const out = newOut();
  const { code, stderr } = await runMain(
    ["optimize", "--data", SAMPLE_ARCHIVE, ...SEARCH, "--out", out],
    environment,
  );
  assert.equal(code, 0, stderr);
  experiment = join(out, readdirSync(out)[0]);
});

const FULL =
  "deepaugment: cannot write the results to stdout: no space left on the device; free some and run again\n";

describe("a full disk", { skip: !existsSync("/dev/full") }, () => {
  it("under the results is one line and exit code 1, for every command", () => {
    for (const args of commands()) {
      const { code, stderr } = shell('"$@" >/dev/full', args);
      assert.equal(code, 1, args.join(" "));
      assert.ok(stderr.endsWith(FULL), stderr);
      assert.equal(stderr.match(/^deepaugment:/gm)?.length, 1, stderr);
      assert.doesNotMatch(stderr, /^\s+at |Error:/m);
    }
  });

  it("under messages and progress changes nothing", () => {
    for (const args of commands()) {
      const { code, stdout } = shell('"$@" 2>/dev/full', args);
      assert.equal(code, 0, args.join(" "));
      assert.ok(stdout.length > 0);
    }
    assert.equal(shell('"$@" 2>/dev/full', ["show", join(root, "none")]).code, 2);
    assert.equal(shell('"$@" >/dev/full 2>&1', ["models"]).code, 1);
  });

  it("under the messages of a search, or its results, loses none of it", () => {
    for (const [line, expected] of [
      ['"$@" 2>/dev/full', 0],
      ['"$@" >/dev/full 2>&1', 1],
      ['"$@" >/dev/full', 1],
    ] as const) {
      const out = newOut();
      const { code, stderr } = shell(line, ["optimize", "--data", SAMPLE_ARCHIVE, ...SEARCH, "--out", out]);
      assert.equal(code, expected, stderr);
      checkWhole(out);
    }
  });
});

describe("a disk that takes a part of the results", { skip: process.platform === "win32" }, () => {
  it("is one line and exit code 1: what is there looks whole", () => {
    const args = ["optimize", "--help"];
    const whole = shell('"$@"', args).stdout;
    const path = join(root, "part.txt");
    const { code, stderr } = shell(`ulimit -f 1; "$@" >${path}`, args);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "deepaugment: cannot write the results to stdout: the file may not grow any further (a limit on the size of files)\n",
    );
    assert.equal(readFileSync(path, "utf8"), whole.slice(0, 1024));
    const { code: full } = shell(`ulimit -f 8; "$@" >${path}`, args);
    assert.equal(full, 0);
    assert.equal(readFileSync(path, "utf8"), whole);
  });
});

describe("a reader that leaves", { skip: process.platform === "win32" }, () => {
  it("ends every command quietly", () => {
    for (const args of commands()) {
      const { code, stderr } = shell('set -o pipefail; "$@" | true', args);
      assert.ok(code === 141 || code === 0, `${code} ${args.join(" ")}`);
      assert.doesNotMatch(stderr, /EPIPE|Error|^deepaugment:|^\s+at /m);
    }
  });

  it("after the first lines of a search or an evaluation loses none of it", () => {
    for (const line of ['"$@" 2>&1 | head -1', '"$@" 2>&1 >/dev/null | head -1', '"$@" | head -1']) {
      const out = newOut();
      const { stderr } = shell(line, ["optimize", "--data", SAMPLE_ARCHIVE, ...SEARCH, "--out", out]);
      assert.doesNotMatch(stderr, /EPIPE|Error|^\s+at /m);
      checkWhole(out);
    }
    const out = newOut();
    const settings = ["epochs=1", "samples=1", "workers=2", "arms=[none, flip]"].flatMap((each) => [
      "--set",
      each,
    ]);
    shell('"$@" 2>&1 | head -1', ["evaluate", "--experiment", experiment, ...settings, "--out", out]);
    const folder = join(out, readdirSync(out)[0]);
    const { results } = JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
    assert.equal(results.arms.length, 2);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith(".lock")),
      [],
    );
  });
});

describe("a file system for reading only", () => {
  const disk = join(root, "disk");
  mkdirSync(disk);
  const mount = (options: string) =>
    spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", disk]).status === 0;
  const isMounted = mount("size=64k");
  after(() => {
    if (isMounted) spawnSync("umount", [disk]);
  });
  const skip = !isMounted && "needs the right to mount one";

  it("is named by what cannot be written", { skip }, async () => {
    mkdirSync(join(disk, "below"), { recursive: true });
    assert.equal(spawnSync("mount", ["-o", "remount,ro", disk]).status, 0);
    const search = ["optimize", "--data", SAMPLE_ARCHIVE, ...SEARCH, "--out"];
    const commands: [args: string[], home: string, problem: RegExp][] = [
      [
        [...search, join(disk, "a/b")],
        "home",
        /cannot make the experiment's folder .*: the file system is read-only; give another with --out$/,
      ],
      [
        ["apply", "--recipe", "flip", "--data", SAMPLE_ARCHIVE, "--out", join(disk, "a")],
        "home",
        /cannot write .*: the file system is read-only$/,
      ],
      [
        ["preview", "--recipe", "flip", "--data", SAMPLE_ARCHIVE, "--out", join(disk, "a.png")],
        "home",
        /cannot write .*a\.png: the file system is read-only$/,
      ],
      [
        [...search, newOut()],
        "disk/home",
        /cannot write .*\.data: the file system is read-only; or set DEEPAUGMENT_HOME to another folder$/,
      ],
    ];
    for (const [args, home, problem] of commands) {
      const { code, stderr } = await runMain(args, { DEEPAUGMENT_HOME: join(root, home) });
      assert.equal(code, 1, stderr);
      const line = stderr.trimEnd().split("\n").at(-1) ?? "";
      assert.match(line, /^deepaugment: /);
      assert.match(line, problem);
    }
  });
});

/** Checks that the only experiment in a folder is finished, and nothing is left of its run. */
function checkWhole(out: string): void {
  const folder = join(out, readdirSync(out)[0]);
  const facts = JSON.parse(readFileSync(join(folder, "experiment.json"), "utf8"));
  assert.equal(facts.finished?.trials, 2);
  assert.equal(readFileSync(join(folder, "notebook.csv"), "utf8").trimEnd().split("\n").length, 1 + 3);
  assert.deepEqual(
    readdirSync(folder).filter((name) => /lock$|tmp$|early/.test(name)),
    [],
  );
}
