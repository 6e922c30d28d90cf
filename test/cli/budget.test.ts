// `optimize --budget` from the command line, with real trainings on a few real pictures. Real time is asserted nowhere: the
// deadline is tested with a clock of its own (test/budget).

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { writePhotos } from "../evaluate/photos.ts";
import { runMain, start, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-budget-cli-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const photos = join(root, "photos");
before(() => writePhotos(photos));

// The least of a search, so that the test depends on no speed but for the number of samples.
const SMALL = [
  "image_size=12",
  "model=basiccnn",
  "bases=[none, flip-crop]",
  "child_epochs=2",
  "iterations=3",
  "child_batch_size=20",
  "workers=2",
  "engine=wasm",
];
const args = (out: string, budget: string, ...more: string[]) => [
  ...["optimize", photos, "--budget", budget, "--out", join(root, out)],
  ...SMALL.flatMap((setting) => ["--set", setting]),
  ...more,
];
const optimize = (...given: string[]) => runMain(["optimize", ...given], environment);

function experimentIn(out: string): string {
  const [folder] = readdirSync(join(root, out));
  return join(root, out, folder);
}

const planOf = (folder: string) => JSON.parse(readFileSync(join(folder, "plan.json"), "utf8"));

describe("deepaugment optimize --budget", () => {
  it("prints the plan with --dry-run, as text and as data, and writes nothing", async () => {
    const dry = await runMain(args("dry", "10m", "--dry-run"), environment);
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stderr, /^note: 13 images are held out for testing: the search uses none of them$/m);
    assert.match(dry.stdout, /^train_set_size {7}34 of 50 images, because there are fewer than 3,000$/m);
    assert.match(dry.stdout, /^Within 10m 00s, with 2 workers \(measured: [\d.,]+ images\/s\):$/m);
    assert.match(
      dry.stdout,
      /^ {2}search {8}about \d+s +3 policies and the baseline, 1 training each of 2 epochs$/m,
    );
    assert.match(dry.stdout, /^ {2}confirmation {2}about .* fresh trainings each$/m);
    assert.match(
      dry.stdout,
      /^ {2}evaluation {4}about .*none, .*policy: \d+ samples each of 50 training images, on 13 test images$/m,
    );
    assert.ok(!existsSync(join(root, "dry")));
    const json = JSON.parse((await runMain(args("dry", "10m", "--dry-run", "--json"), environment)).stdout);
    assert.equal(json.seconds, 600);
    const { keys, estimated, evaluation } = json.plan;
    assert.deepEqual([keys.child_epochs, keys.iterations], [2, 3]);
    const planned = json.setup + estimated.search + estimated.confirmation + estimated.evaluation;
    assert.ok(planned <= 1.1 * 600, `${planned}`);
    assert.deepEqual([evaluation.trainImages, evaluation.testImages], [50, 13]);
    assert.ok(!existsSync(join(root, "dry")));
  });

  it("refuses a time that it cannot read, one that is too short, and one for a resumed run", async () => {
    for (const budget of ["soon", "1d", "0s", "10"]) {
      const { code, stderr } = await optimize(photos, "--budget", budget);
      assert.equal(code, 2);
      assert.equal(
        stderr,
        `deepaugment: --budget: expected a time such as 30m, 1h, 1h30m or 90s, received "${budget}"\n`,
      );
    }
    const short = await runMain(args("short", "1s"), environment);
    assert.equal(short.code, 2);
    assert.match(
      short.stderr,
      /^deepaugment: --budget: 1s is too short for even the smallest plan, because this machine trains [\d,.]+ images of 12 × 12 pixels a second \(engine wasm\): give \d+[ms] or more, or leave iterations, child_epochs, bases, image_size to the plan$/m,
    );
    assert.ok(!existsSync(join(root, "short")));
    const resumed = await optimize("--resume", root, "--budget", "1h");
    assert.equal(resumed.code, 2);
    assert.match(resumed.stderr, /is not an experiment|--budget cannot be used with --resume/);
  });

  it("searches, evaluates, and is resumed with the rest after Ctrl-C", async () => {
    const program = start(args("cut", "2m"), environment);
    const out = join(root, "cut");
    await until(program, () => {
      // The folder of experiments is made before that of this one.
      const isBegun = existsSync(out) && readdirSync(out).length > 0;
      return isBegun && existsSync(join(experimentIn("cut"), "evaluation", "evaluation.csv"));
    });
    program.process.kill("SIGINT");
    const cut = await program.finished;
    const experiment = experimentIn("cut");
    assert.equal(cut.code, 130, cut.stderr);
    assert.match(cut.stderr, /^\d+ of \d+ trainings done$/m);
    assert.ok(
      cut.stderr.endsWith(
        `deepaugment: interrupted; continue with: deepaugment optimize --resume ${experiment}\n`,
      ),
      cut.stderr,
    );
    const { decided, plan } = planOf(experiment);
    const config = loadConfig({ file: join(experiment, "config.yaml") });
    assert.deepEqual([config.iterations, config.child_epochs, config.test_share], [3, 2, 0.2]);
    assert.deepEqual(
      [config.confirm_top, config.confirm_samples],
      [decided.search.confirm_top, decided.search.confirm_samples],
    );
    assert.equal(plan.keys.child_epochs, 2);

    const shown = await runMain(["show", experiment], environment);
    assert.match(shown.stdout, /^Evaluation$/m);
    assert.match(shown.stdout, /evaluation is not finished: \d+ of \d+ trainings done; continue with:/);
    const notebook = readFileSync(join(experiment, "notebook.csv"), "utf8");

    const resumed = await optimize("--resume", experiment);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /^\d+ of \d+ trainings left/m);
    assert.equal(readFileSync(join(experiment, "notebook.csv"), "utf8"), notebook);
    assert.deepEqual(planOf(experiment).decided, decided);
    assert.match(resumed.stdout, /^The baseline, without augmentation, has an accuracy of /m);
    assert.match(resumed.stdout, /^arm +accuracy +over none/m);
    assert.ok(resumed.stdout.indexOf("Notebook ") < resumed.stdout.indexOf("\nEvaluation\n"));
    assert.doesNotMatch(resumed.stdout, /Next:\n {2}\S+ evaluate --experiment/);

    const again = await optimize("--resume", experiment, "--json");
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /is finished; --iterations with more than 3 adds trials/);
    const result = JSON.parse(again.stdout);
    assert.deepEqual([result.status, result.trials, result.evaluation.status], ["finished", 3, "finished"]);
    assert.equal(result.evaluation.folder, join(experiment, "evaluation"));
    assert.deepEqual(
      result.evaluation.arms.map(({ arm }: { arm: string }) => arm).sort(),
      [...decided.evaluation.arms].sort(),
    );
    const asShown = JSON.parse((await runMain(["show", experiment, "--json"], environment)).stdout);
    assert.deepEqual(asShown, result);

    const more = await optimize("--resume", experiment, "--iterations", "4");
    assert.equal(more.code, 0, more.stderr);
    assert.deepEqual(planOf(experiment).decided, decided);
    assert.match(more.stderr, /^trial 4\/4 /m);

    rmSync(join(experiment, "evaluation"), { recursive: true });
    const missing = await runMain(["show", experiment], environment);
    assert.ok(
      missing.stdout.endsWith(`\n\nNext:\n  deepaugment optimize --resume ${experiment}\n`),
      missing.stdout,
    );
    const data = JSON.parse((await runMain(["show", experiment, "--json"], environment)).stdout);
    assert.deepEqual([data.trials, data.evaluation], [4, null]);
  });
});
