// Files of arrays that numpy, scipy and pickle wrote have the pixels and labels that these read, or are refused with the reason.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { DATA } from "../../src/config/data.ts";
import { loadKeys } from "../../src/config/load.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { dataSettings, splitsOf } from "../../src/dataset/reader.ts";
import { formatNpyHeader, formatNpyStrings } from "../../src/dataset/readers/npy.ts";
import { imageAt } from "../../src/image/batch.ts";
import { type ArrayCase, readArraySet } from "./arrays-set.ts";
import { temporaryFolder, writeFiles } from "./fixtures/files.ts";

const cases = await readArraySet();
const home = temporaryFolder();

function load({ files, path, settings }: ArrayCase): Promise<Dataset> {
  const set = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  return loadDataset(join(writeFiles(files), path), { home, ...dataSettings(loadKeys(DATA, { set })) });
}

/** As in the set: for each split, the size, and a digest and the class of each image. */
function summary(dataset: Dataset): unknown {
  const splits = splitsOf(dataset).map(([split, { images, labels }]) => {
    const digests = Array.from(labels, (_, i) =>
      createHash("sha256").update(imageAt(images, i)).digest("hex").slice(0, 16),
    );
    const classes = Array.from(labels, (label) => dataset.classNames[label]);
    return [split, { height: images.height, width: images.width, images: digests, classes }];
  });
  return Object.fromEntries(splits);
}

it("reads hundreds of thousands of labels that are texts", async () => {
  const count = 200_000;
  const name = (i: number) => "abc"[i % 3];
  const folder = writeFiles({
    "x_train.npy": Buffer.concat([formatNpyHeader("|u1", [count, 2, 2]), Buffer.alloc(4 * count, 9)]),
    "y_train.npy": formatNpyStrings(Array.from({ length: count }, (_, i) => name(i))),
  });
  const { classNames, train } = await loadDataset(folder, { home });
  assert.deepEqual(classNames, ["a", "b", "c"]);
  assert.ok(train.labels.every((label, i) => label === i % 3));
});

describe("the conformance set of arrays", () => {
  it("has files of every kind, with and without an error", () => {
    const kinds = new Set(cases.map(({ name }) => name.split(":")[0]));
    assert.deepEqual([...kinds], ["numpy", "pickle", "MATLAB", "STL-10", "table", "idx", "compression"]);
    const errors = cases.filter(({ error }) => error !== undefined).length;
    assert.ok(cases.length - errors >= 150 && errors >= 60, `${cases.length} cases, ${errors} errors`);
  });

  for (const each of cases.filter(({ error }) => error === undefined)) {
    it(`reads ${each.name}`, async () => {
      const dataset = await load(each);
      assert.deepEqual(summary(dataset), each.splits);
      const notes = dataset.notes ?? [];
      const expected = (each.notes ?? []).map((pattern) => new RegExp(pattern));
      for (const pattern of expected)
        assert.ok(
          notes.some((note) => pattern.test(note)),
          notes.join("\n"),
        );
      assert.deepEqual(
        notes.filter((note) => !expected.some((pattern) => pattern.test(note))),
        [],
      );
    });
  }

  for (const each of cases.filter(({ error }) => error !== undefined)) {
    it(`refuses ${each.name}`, async () => {
      await assert.rejects(load(each), (error: Error) => {
        assert.ok(error instanceof UsageError, error.stack);
        assert.match(error.message, new RegExp(each.error!));
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
    });
  }
});
