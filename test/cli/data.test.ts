// `data` from the command line.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { picture, temporaryFolder, writeFiles } from "../dataset/fixtures/files.ts";
import { runMain } from "./run.ts";

const data = (...args: string[]) => runMain(["data", ...args], { DEEPAUGMENT_HOME: temporaryFolder() });

describe("deepaugment data", () => {
  it("info prints a table on stdout, progress and notes on stderr", async () => {
    const folder = writeFiles({
      "train/cat/1.png": await picture(4, 6, 1),
      "train/dog/2.png": await picture(4, 6, 1),
      "test/dog/3.png": await picture(5, 6, 1),
      "test/dog/4.png": "damaged",
    });
    const mixed = await data("info", folder);
    assert.equal(mixed.code, 0, mixed.stderr);
    assert.match(mixed.stdout, /^dataset-\w+: 2 classes, 2 train \+ 1 test images, 2 sizes\n/);
    assert.match(mixed.stdout, /\nclass +train +test\ncat +1 +0\ndog +1 +1\n/);
    assert.match(mixed.stdout, /\nsizes \(height x width\), sides from 4 to 6 pixels\n/);
    assert.match(mixed.stdout, /\n4 x 6 +2\n5 x 6 +1\n/);
    assert.match(mixed.stdout, /\n1 files? skipped\n {2}.*4\.png: it is text, not a picture: /);
    assert.equal(
      mixed.stderr,
      "decoding pictures\nnote: pictures differ in size; optimize resizes them, to image_size if it is given\n",
    );
    const resized = await data("info", folder, "--json", "--image-size", "8");
    const description = JSON.parse(resized.stdout);
    assert.deepEqual(description.splits, { train: 2, test: 1 });
    assert.deepEqual(description.sizes, [{ height: 8, width: 8, count: 3 }]);
    assert.equal(description.skipped.length, 1);
  });

  it("shows what was understood of labels in tables", async () => {
    const folder = writeFiles({
      "train/0.png": await picture(4, 4, 0),
      "train/1.png": await picture(4, 4, 1),
      "train/22.png": await picture(4, 4, 2),
      "valid/0.png": await picture(4, 4, 3),
      "train/_classes.csv": "filename, cat, dog\n0.png, 1, 0\n1.png, 0, 1\n22.png, 1, 0\n",
      "valid/_classes.csv": "filename, cat, dog\n0.png, 1, 0\n",
    });
    const { code, stdout, stderr } = await data("info", folder);
    assert.equal(code, 0, stderr);
    const shown = stdout.replaceAll(folder, "data").split("\n").slice(1, -2).join("\n");
    assert.match(shown, /^\nclass +train +validation\ncat +2 +1\ndog +1 +0\n/);
    const labels = [
      "labels of data/train/_classes.csv",
      '  pictures  column "filename"',
      '  classes   a column for each, "cat", "dog"',
      "  labelled  3 train",
      "",
      "labels of data/valid/_classes.csv",
      '  pictures  column "filename"',
      '  classes   a column for each, "cat", "dog"',
      "  labelled  1 validation",
      "",
      "for example",
      "  train/0.png   cat  (train)",
      "  train/1.png   dog  (train)",
      "  train/22.png  cat  (train)",
      "  valid/0.png   cat  (validation)",
    ];
    assert.ok(shown.includes(`\n\n${labels.join("\n")}\n`), shown);
    const json = JSON.parse((await data("info", folder, "--json")).stdout);
    assert.equal(json.labels.tables.length, 2);
    assert.equal(json.labels.examples.length, 4);
  });

  it("prints the command that is probably meant", async () => {
    const folder = writeFiles({ "data/my photos/a/0.png": "x", "data/my photos/b/0.png": "x" });
    const path = join(folder, "data");
    const { code, stderr } = await data("info", path, "--json");
    assert.equal(code, 2);
    const meant = join(path, "my photos");
    assert.equal(
      stderr,
      `deepaugment: ${path} contains a single folder, with a/ and b/ in it: give ${meant} (deepaugment data info '${meant}' --json)\n`,
    );
    const option = await runMain([
      "apply",
      "--recipe",
      "flip",
      `--data=${path}`,
      "--out",
      join(folder, "out"),
    ]);
    assert.ok(option.stderr.endsWith(` --out ${join(folder, "out")})\n`), option.stderr);
    assert.ok(option.stderr.includes(` '--data=${meant}' `), option.stderr);
  });

  it("fails with one line on wrong names and values", async () => {
    const unknown = await data("fetch", "cifar11");
    assert.equal(unknown.code, 2);
    assert.equal(unknown.stderr, 'deepaugment: unknown dataset "cifar11"; did you mean "cifar10"?\n');
    const missing = await data("info", "./nowhere");
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /^deepaugment: no dataset "\.\/nowhere": [^\n]*\n$/);
    const size = await data("info", ".", "--image-size", "big");
    assert.equal(size.code, 2);
    assert.match(
      size.stderr,
      /^deepaugment: --image-size: expected a whole number of pixels, received "big"\n$/,
    );
  });
});
