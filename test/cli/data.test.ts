// `data` from the command line.

import assert from "node:assert/strict";
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
