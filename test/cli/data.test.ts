// `data` from the command line.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { picture, temporaryFolder, writeFiles } from "../dataset/fixtures/files.ts";
import { unpackSet } from "../dataset/fixtures/packed-set.ts";
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

  it("shows what was understood of Parquet files and shards, and takes the columns that are named", async () => {
    const { folder } = await unpackSet();
    const lines = async (...args: string[]) => {
      const { code, stdout, stderr } = await data("info", ...args);
      assert.equal(code, 0, stderr);
      return stdout.replaceAll(folder, "set").split("\n").slice(0, -2);
    };
    const hub = await lines(join(folder, "hub"));
    assert.deepEqual(hub.slice(7), [
      "labels of set/hub/data/train-00000-of-00002.parquet and 1 more",
      '  pictures  column "image"',
      '  classes   column "label"',
      "  names     of Hugging Face's metadata",
      "  labelled  12 train",
      "",
      "labels of set/hub/data/test-00000-of-00001.parquet",
      '  pictures  column "image"',
      '  classes   column "label"',
      "  names     of Hugging Face's metadata",
      "  labelled  3 test",
      "",
      "for example",
      ...hub.slice(20, 25),
      "",
    ]);
    assert.match(
      hub[20],
      /^ {2}data\/train-0000[01]-of-00002\.parquet, row \d+ {2}(cat|dog|ship) {2}\(train\)$/,
    );
    const named = await lines(join(folder, "named"));
    assert.ok(
      named.includes('  pictures  files ".jpg"') && named.includes('  classes   files ".cls"'),
      named.join("\n"),
    );
    assert.ok(named.includes("  names     of classnames.txt"));
    const coarse = await lines(join(folder, "fine.parquet"), "--set", "label_column=coarse_label");
    assert.equal(coarse[0], "fine.parquet: 2 classes, 12 train images, 32 x 32");
    const wrong = await data("info", join(folder, "fine.parquet"), "--set", "column=coarse_label");
    assert.equal(
      wrong.stderr,
      'deepaugment: unknown key "column" (--set column=coarse_label); known keys are image_column, label_column, arrays, channels\n',
    );
    const many = await data("info", join(folder, "shards/train-{000000..000002}.tar"));
    assert.equal(
      many.stderr.replaceAll(folder, "set"),
      'deepaugment: no dataset "set/shards/train-{000000..000002}.tar": there is no such file or folder; the files are found in ' +
        "their folder: give set/shards\n",
    );
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
    // Not every shell replaces ~.
    const home = process.platform === "win32" ? "USERPROFILE" : "HOME";
    for (const args of [
      ["data", "info", "~/x.npz"],
      ["show", "~/x.npz"],
      ["models", "~/x.json"],
    ]) {
      const { stderr } = await runMain(args, { [home]: "/nowhere" });
      assert.match(stderr, /^deepaugment: .*\/?nowhere[/\\]x\.(npz|json).*\n$/);
    }
    for (const command of ["optimize", "evaluate"])
      assert.match((await runMain([command, "--resume", "~/x"], { [home]: "/nowhere" })).stderr, /nowhere.x/);
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
