// A search whose program is killed, whose disk is full, whose folder another program wants: with real trainings on few real
// images. `npm run check:crash` does the same for longer, and to the workers.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryName } from "../../src/common/files.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { kill, signal } from "./processes.ts";
import { run, type Started, start, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-crash-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const TINY = {
  data: SAMPLE_ARCHIVE,
  image_size: 12,
  train_set_size: 20,
  validation_set_size: 10,
  iterations: 5,
  opt_samples: 2,
  opt_initial_points: 3,
  confirm_top: 1,
  confirm_samples: 2,
  bases: "[none, flip-crop]",
  model: "basiccnn",
  // For long rows: the notebook is then larger than the limits of a file below.
  policy_chains: 10,
  child_epochs: 2,
  child_batch_size: 10,
  child_first_train_epochs: 1,
  seed: 3,
  workers: 2,
};
/** A training has one row: its child is validated once, in the end. */
const ROWS = (TINY.iterations + 1) * TINY.opt_samples;

function optimizeArgs(out: string, more: Record<string, unknown> = {}): string[] {
  const settings = Object.entries({ ...TINY, out, ...more });
  return ["optimize", ...settings.flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

/** The only experiment in a folder of experiments that can be resumed. */
function experimentIn(out: string): string | undefined {
  if (!existsSync(out)) return undefined;
  const isWhole = (folder: string) =>
    ["config.yaml", "experiment.json"].every((file) => existsSync(join(folder, file)));
  return readdirSync(out)
    .map((name) => join(out, name))
    .find(isWhole);
}

function rowsIn(out: string): number {
  const notebook = join(experimentIn(out) ?? "", "notebook.csv");
  return existsSync(notebook) ? readFileSync(notebook, "utf8").split("\n").length - 2 : 0;
}

/** Everything that must not depend on interruptions: all but the times. */
function resultOf(out: string) {
  const folder = experimentIn(out)!;
  const text = (file: string) => readFileSync(join(folder, file), "utf8");
  return {
    notebook: text("notebook.csv").replace(/,[^,\n]*$/gm, ""),
    // If no policy promises more than the baseline, there is nothing to confirm.
    confirmations:
      existsSync(join(folder, "confirmations.csv")) && text("confirmations.csv").replace(/,[^,\n]*$/gm, ""),
    policies: text("policies.json"),
    best: text("best.json"),
    files: readdirSync(folder).sort(),
  };
}

function resume(out: string): Started {
  const experiment = experimentIn(out);
  return start(experiment ? ["optimize", "--resume", experiment] : optimizeArgs(out), environment);
}

describe("deepaugment optimize, disturbed", () => {
  let expected: ReturnType<typeof resultOf>;
  before(async () => {
    const out = join(root, "undisturbed");
    const { code, stderr } = await run(optimizeArgs(out), environment);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Workers were busy \d+\.\d% of the time$/m);
    expected = resultOf(out);
  });

  it("leaves the same notebook and policies after kill -9 as it begins, in the middle and near its end", async () => {
    const out = join(root, "killed");
    for (const [goal, withWorkers] of [
      [-1, false],
      [2, true],
      [Math.floor(ROWS / 2), false],
      [ROWS - 4, true],
    ] as const) {
      const program = resume(out);
      let isRunning = true;
      program.finished.then(() => {
        isRunning = false;
      });
      while (isRunning && (goal < 0 ? !experimentIn(out) : rowsIn(out) < goal)) await sleep(2);
      if (isRunning) kill(program.process.pid!, withWorkers);
      const { code, signal: ended, stderr } = await program.finished;
      assert.ok(ended === "SIGKILL" || code === 0, stderr);
    }
    // What a kill leaves behind while the file is being written.
    writeFileSync(temporaryName(join(experimentIn(out)!, "policies.json")), "{");
    const { code, stderr } = await resume(out).finished;
    assert.equal(code, 0, stderr);
    assert.deepEqual(resultOf(out), expected);
  });

  it("refuses a folder in which another program searches, which continues", {
    skip: process.platform === "win32",
  }, async () => {
    const out = join(root, "shared");
    const first = start(optimizeArgs(out), environment);
    await until(first, () => rowsIn(out) >= 2);
    signal(first.process.pid!, "SIGSTOP"); // so that it cannot finish before the second one starts
    const before = readdirSync(experimentIn(out)!);
    const second = await resume(out).finished;
    assert.equal(second.code, 2, second.stderr);
    assert.match(
      second.stderr.trimEnd().split("\n").at(-1) ?? "",
      new RegExp(
        `^deepaugment: .*shared.* is in use by process ${first.process.pid} on .*; wait for it, or end it$`,
      ),
    );
    assert.deepEqual(readdirSync(experimentIn(out)!), before);
    signal(first.process.pid!, "SIGCONT");
    const { code, stderr } = await first.finished;
    assert.equal(code, 0, stderr);
    assert.deepEqual(resultOf(out), expected);
  });

  it("ends with one line if nothing more can be written, and continues once it can", {
    skip: process.platform === "win32",
  }, async () => {
    const out = join(root, "full");
    // Weights are larger than the notebook.
    const weights = join(experimentIn(join(root, "undisturbed"))!, "pre_aug_weights.safetensors");
    // The largest size of a file in kilobytes, at first less than the notebook needs.
    let stops = 0;
    for (const limit of [3, 4, 5]) {
      const experiment = experimentIn(out);
      const args = experiment
        ? ["optimize", "--resume", experiment]
        : optimizeArgs(out, { pre_aug_weights_path: weights });
      const rows = rowsIn(out);
      const { code, stderr } = await run(args, environment, undefined, limit);
      if (code === 0) break;
      stops++;
      assert.equal(code, 1, stderr);
      const errors = stderr.split("\n").filter((line) => line.startsWith("deepaugment: "));
      assert.equal(errors.length, 1, stderr);
      assert.match(
        errors[0],
        /^deepaugment: cannot write .*: the file may not grow any further.*; then continue with: deepaugment optimize --resume /,
      );
      assert.ok(rowsIn(out) > 0 && rowsIn(out) >= rows && rowsIn(out) < ROWS, `${rowsIn(out)} rows`);
    }
    assert.ok(stops > 0, "a limit has been met");
    const { code, stderr } = await resume(out).finished;
    assert.equal(code, 0, stderr);
    const files = expected.files.filter((name) => !name.startsWith("pre_aug_weights"));
    assert.deepEqual(resultOf(out), { ...expected, files });
  });
});
