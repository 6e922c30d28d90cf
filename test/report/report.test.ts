// Reports of experiments and evaluations: those of made-up searches, and one of real trainings.

import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { appendPlace } from "../../src/experiment/machines.ts";
import { imageAt } from "../../src/image/batch.ts";
import { encodePng } from "../../src/image/codec.ts";
import { ContentMaker } from "../../src/report/content.ts";
import type { PageContent } from "../../src/report/contents.ts";
import { checkPagePath, pageOf, writePage } from "../../src/report/page.ts";
import { reportOf } from "../../src/report/report.ts";
import { runMain } from "../cli/run.ts";
import { loadSample, SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { makeExperiment } from "./made-experiment.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-report-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
process.env.DEEPAUGMENT_HOME = environment.DEEPAUGMENT_HOME;
after(() => rmSync(root, { recursive: true }));

/** The JSON that a page has for its script. */
function contentIn(page: string): PageContent {
  const [, json] = /<script type="application\/json" id="content">(.*?)<\/script>/s.exec(page)!;
  return JSON.parse(json);
}

describe("the report of a search of chains", () => {
  const folder = makeExperiment(join(root, "chains"), { trials: 40 });
  const report = reportOf(folder);
  const { search, answer } = report;

  it("has the answer, as show prints it", async () => {
    const { stdout } = await runMain(["show", folder, "--json"], environment);
    const shown = JSON.parse(stdout);
    assert.equal(report.status, "finished");
    assert.equal(answer.basis, "confirmation");
    assert.equal(answer.gain?.mean, shown.gains[0].gain);
    assert.equal(answer.gain?.low, shown.gains[0].interval.low);
    assert.equal(answer.isShown, shown.gains[0].isBetter);
    const { stdout: text } = await runMain(["show", folder], environment);
    assert.ok(text.replace(/\s+/g, " ").includes(answer.sentences[0]), answer.sentences[0]);
    assert.equal(answer.use, answer.isShown ? search?.confirmation?.policies[0].policy : "no augmentation");
    assert.match(answer.next[0], /evaluate --experiment/);
  });

  it("has all trials with the best so far", () => {
    const trials = search?.trials ?? [];
    assert.equal(trials.length, 41);
    assert.equal(trials[0].kind, "baseline");
    assert.equal(trials.at(-1)?.best, Math.max(...trials.map(({ reward }) => reward)));
    assert.ok(trials.every(({ seconds }) => seconds === 10));
  });

  it("has the confirmed gains with intervals", () => {
    const { policies = [], samples } = search?.confirmation ?? {};
    assert.equal(samples, 3);
    assert.equal(policies.length, 3);
    for (const { gain } of policies) assert.ok(gain.low! <= gain.mean && gain.mean <= gain.high!);
  });

  it("has the effect of each technique and of the portion", () => {
    const kinds = new Set(search?.effects.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), ["portion", "technique"]);
    assert.equal(search?.importance.length, search?.effects.length);
    assert.ok(search!.joint.length > 0);
  });

  it("has curves of the baseline and of the best policies", () => {
    const groups = search?.curves.lines.map(({ group }) => group);
    assert.deepEqual([...new Set(groups)].sort(), ["baseline", "best policies"]);
    assert.ok(search!.curves.lines.every(({ points }) => points.length === 5));
  });

  it("says how the time was spent, and how to repeat it", () => {
    const stages = report.times.stages.map(({ stage, trainings }) => [stage, trainings]);
    assert.deepEqual(stages, [
      ["search", 1],
      ["search", 40],
      ["confirmation", 12],
    ]);
    assert.deepEqual(report.times.machines, []);
    assert.match(report.repeat.command, /optimize --config .*config\.yaml/);
    assert.match(report.repeat.config, /^iterations: 40$/m);
    assert.ok(report.repeat.facts.some(([name]) => name === "digest of the data"));
  });

  it("says which machines trained through a queue, and for how long", () => {
    const place = { precision: "float32", kernels: "avx2", device: null };
    const path = join(folder, "machines.csv");
    for (const [training, host, engine] of [
      ["trial 0, sample 0", "box-b", "native"],
      ["trial 1, sample 0", "box-a", "native"],
      ["trial 0, sample 1", "box-a", "native"],
      ["trial 2, sample 0", "box-a", "wasm"],
      ["trial 99, sample 0", "box-c", "native"], // of which no result was recorded
    ])
      appendPlace(path, training, { ...place, host, engine });
    const { machines } = reportOf(folder).times;
    rmSync(path);
    assert.deepEqual(machines, [
      { host: "box-a", engine: "native (float32, avx2)", trainings: 2, seconds: 20 },
      { host: "box-b", engine: "native (float32, avx2)", trainings: 1, seconds: 10 },
      { host: "box-a", engine: "wasm (float32, avx2)", trainings: 1, seconds: 10 },
    ]);
  });

  it("does without the data", async () => {
    const { pictures } = await new ContentMaker(folder).make();
    assert.match(pictures.missing ?? "", /^The pictures cannot be shown: .*cifar10/);
    assert.deepEqual(pictures.tables, []);
  });
});

describe("the report of a search of families", () => {
  it("has their amounts and strengths", () => {
    const families = {
      ...{ families: "all", redraw: "epoch", magnitudes: "drawn", bases: "all" },
      ...{ operations: "extended", reward: "averaged" },
    };
    const folder = makeExperiment(join(root, "families"), { trials: 20, epochs: 1, settings: families });
    const { search } = reportOf(folder);
    const kinds = new Set(search?.effects.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), ["amount", "base", "strength"]);
    assert.match(search?.curves.missing ?? "", /validated only once/);
  });
});

describe("the report of real trainings", () => {
  let folder: string;
  before(async () => {
    const out = join(root, "real");
    const settings = [
      ...["train_set_size=40", "validation_set_size=20", "image_size=12", "model=basiccnn", "child_epochs=4"],
      ...["child_batch_size=10", "iterations=4", "opt_initial_points=1", "bases=[none, flip]", "engine=wasm"],
      ...["stop_epochs=[2]", "stop_share=0.9", "confirm_top=1", "confirm_samples=2", "workers=1"],
    ];
    const flags = settings.flatMap((setting) => ["--set", setting]);
    const args = ["optimize", "--data", SAMPLE_ARCHIVE, ...flags, "--out", out, "--report"];
    const { code, stderr } = await runMain(args, environment);
    assert.equal(code, 0, stderr);
    folder = join(out, readdirSync(out)[0]);
    assert.match(stderr, new RegExp(`^Report {7}${folder}/report\\.html$`, "m"));
  });

  it("is written by optimize --report, with pictures of the data", () => {
    const { report, pictures } = contentIn(readFileSync(join(folder, "report.html"), "utf8"));
    assert.equal(report.search?.done, 4);
    assert.equal(pictures.missing, null);
    for (const { heads, rows } of pictures.tables) {
      assert.ok(rows.length > 0);
      for (const { cells } of rows) {
        assert.equal(cells.length, heads.length);
        assert.ok(cells.every((cell) => cell.startsWith("data:image/png;base64,")));
      }
    }
  });

  it("shows where trainings were stopped", () => {
    const { search } = reportOf(folder);
    const stopped = search?.trials.filter(({ stoppedAt }) => stoppedAt !== null) ?? [];
    assert.equal(stopped.length, search?.stopped);
    for (const { stoppedAt } of stopped) assert.equal(stoppedAt, 2);
  });

  it("has the evaluation beside it, and of an evaluation alone", async () => {
    const out = join(root, "evaluations");
    const sets = ["arms=[none, flip]", "epochs=2", "samples=2", "batch_size=20", "engine=wasm", "workers=1"];
    const flags = sets.flatMap((setting) => ["--set", setting]);
    const args = ["evaluate", "--experiment", folder, ...flags, "--out", out, "--report"];
    const { code, stderr } = await runMain(args, environment);
    assert.equal(code, 0, stderr);
    const evaluation = join(out, readdirSync(out)[0]);
    const { report } = contentIn(readFileSync(join(evaluation, "report.html"), "utf8"));
    assert.equal(report.kind, "evaluation");
    assert.equal(report.search, null);
    assert.equal(report.answer.basis, "evaluation");
    assert.ok(report.answer.gain);
    assert.deepEqual(
      report.evaluation?.arms.map(({ arm, accuracies }) => [arm, accuracies.length]),
      [
        ["none", 2],
        ["flip", 2],
      ],
    );
    assert.equal(report.evaluation?.curves.lines[0].points.length, 2);
    cpSync(evaluation, join(folder, "evaluation"), { recursive: true });
    const both = reportOf(folder);
    assert.equal(both.kind, "experiment");
    assert.deepEqual(both.evaluation?.arms, report.evaluation?.arms);
    assert.equal(both.answer.sentences[0], report.answer.sentences[0]);
    assert.ok(both.answer.sentences.length > 1, "the search's verdict follows");
    const others = join(root, "others");
    cpSync(folder, others, { recursive: true });
    cpSync(join(others, "policies.json"), join(others, "evaluation", "policies.json"));
    appendFileSync(join(others, "evaluation", "policies.json"), "\n");
    assert.match(reportOf(others).answer.sentences.at(-1) ?? "", /^Since the evaluation, /);
  });

  it("is made before the first trial has ended, too", () => {
    const begun = join(root, "begun");
    cpSync(folder, begun, { recursive: true });
    for (const name of ["notebook.csv", "confirmations.csv", "policies.json", "best.json"])
      rmSync(join(begun, name), { force: true });
    const report = reportOf(begun);
    assert.equal(report.status, "interrupted");
    assert.deepEqual(report.search?.trials, []);
    assert.match(report.search?.curves.missing ?? "", /No training has ended/);
  });
});

describe("names that are hostile", () => {
  const LONG = "x".repeat(200);
  const NAMES = ["<script>alert(1)</script>", `quotes " ' & </script><!--`.replaceAll("/", "∕"), LONG];

  it("are only ever data in the page", async () => {
    const photos = join(root, "photos<script>");
    const { train } = await loadSample();
    const { height, width } = train.images;
    for (const [label, name] of NAMES.entries()) {
      const folder = join(photos, name.replaceAll("/", "∕"));
      mkdirSync(folder, { recursive: true });
      const png = await encodePng(imageAt(train.images, label), height, width);
      writeFileSync(join(folder, `"><img src=x onerror=alert(1)>.png`), png);
    }
    const folder = makeExperiment(join(root, "hostile"), { trials: 5, data: photos });
    const content = await new ContentMaker(folder).make();
    assert.equal(content.pictures.missing, null);
    const page = pageOf(content);
    assert.equal(page.split("<script").length, 3, "no script but the page's own two elements");
    assert.equal(page.split("</script").length, 3);
    assert.doesNotMatch(page.replace(/<script>.*<\/script>/s, ""), /<img/);
    assert.deepEqual(contentIn(page), content);
    const labels = content.pictures.tables[0].rows.map(({ label }) => label);
    assert.deepEqual(labels.sort(), NAMES.map((name) => name.replaceAll("/", "∕")).sort());
  });
});

describe("the page", () => {
  const content = new ContentMaker(makeExperiment(join(root, "page"), { trials: 3 })).make();

  it("forbids the network, and all scripts but its own", async () => {
    const page = pageOf(await content);
    assert.match(
      page,
      /content="default-src 'none'; script-src 'sha256-[^']+'; style-src 'unsafe-inline'; img-src data:; base-uri/,
    );
    assert.doesNotMatch(page, /connect-src/);
    assert.doesNotMatch(page.replace(/<script>.*<\/script>/s, ""), /(src|href)="(?!data:|#)/);
  });

  it("replaces reports only", async () => {
    const path = join(root, "report.html");
    checkPagePath(path);
    writePage(path, await content);
    checkPagePath(path);
    writeFileSync(join(root, "other.html"), "<!doctype html>\n<p>mine</p>");
    assert.throws(() => checkPagePath(join(root, "other.html")), /already exists and is not a report/);
    assert.throws(() => checkPagePath(join(root, "report.txt")), /ends in \.html/);
  });

  it("of 1,000 trials has at most 3 MB", async () => {
    const folder = makeExperiment(join(root, "thousand"), { trials: 1000, epochs: 20 });
    const made = await new ContentMaker(folder).make();
    assert.equal(made.report.search?.trials.length, 1001);
    assert.ok(pageOf(made).length < 3e6);
  });
});

describe("what is no run", () => {
  it("is refused in one line", () => {
    assert.throws(() => reportOf(root), {
      name: "UsageError",
      message: /neither an experiment nor an evaluation/,
    });
  });
});
