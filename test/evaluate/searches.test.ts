// Which images of an evaluation's data are known to have judged its policies.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { formatConfig, resolveConfig } from "../../src/config/load.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { toDataset } from "../../src/dataset/load.ts";
import { findUse, readSearch } from "../../src/evaluate/searches.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-searches-"));
after(() => rmSync(root, { recursive: true }));

let untested: Dataset;
before(async () => {
  const { test: _, ...rest } = await loadSample();
  untested = toDataset(rest, rest.name, undefined);
});

const resized = async (imageSize: number | undefined) => toDataset(untested, untested.name, imageSize);
const unexpected = async () => assert.fail("no data need to be loaded again");

const NOTEBOOK = "trial_no,sample_no\n0,0\n1,0\n";

interface Begun {
  readonly dataset: Dataset;
  readonly train: number[];
  readonly validation: number[];
  readonly validationFrom?: string;
  readonly config?: Record<string, unknown>;
}

/** The folder of an experiment as far as an evaluation reads it; with `warm_start`, with a copy of that notebook. */
function writeSearch(name: string, { dataset, train, validation, validationFrom = "train", config }: Begun) {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const { height, width } = dataset.train.images;
  const facts = {
    ...{ format: "deepaugment-experiment", version: 1 },
    dataset: { name: dataset.name, digest: dataset.digest, classes: 10, imageShape: [height, width, 3] },
    subsets: { train, validation, validationFrom },
  };
  writeFileSync(join(folder, "experiment.json"), JSON.stringify(facts));
  const sizes = { train_set_size: 2, validation_set_size: 2, child_epochs: 2 };
  const values = { data: "photos", image_size: height, ...sizes, ...config };
  writeFileSync(join(folder, "config.yaml"), formatConfig(resolveConfig(values)));
  writeFileSync(join(folder, "notebook.csv"), NOTEBOOK);
  if (config?.warm_start) writeFileSync(join(folder, "warm-start.csv"), NOTEBOOK);
  return folder;
}

describe("findUse", () => {
  it("knows the images of a search on the same data", async () => {
    const folder = writeSearch("same", { dataset: untested, train: [1, 2], validation: [3] });
    const { used, notes } = await findUse(readSearch(folder), untested, unexpected);
    assert.deepEqual(used, { train: [1, 2], validation: [3] });
    assert.deepEqual(notes, []);
  });

  it("knows them at another size too", async () => {
    const dataset = await resized(12);
    const folder = writeSearch("size", { dataset, train: [1, 2], validation: [3] });
    const { used, notes } = await findUse(readSearch(folder), untested, resized);
    assert.deepEqual(used, { train: [1, 2], validation: [3] });
    assert.deepEqual(notes, []);
  });

  it("says so if the data are others", async () => {
    const fewer = { ...untested, name: "cats", train: slice(untested.train, 0, 150) };
    for (const size of [undefined, 12]) {
      const dataset = toDataset(fewer, fewer.name, size);
      const folder = writeSearch(`other-${size}`, { dataset, train: [1], validation: [3] });
      const { used, notes } = await findUse(readSearch(folder), untested, resized);
      assert.deepEqual(used, { train: [], validation: [] });
      assert.match(
        notes.join("\n"),
        /^the images are not those of .*other-\w+ \(cats\): if they overlap, .*$/,
      );
      const tested = { ...untested, test: untested.train };
      assert.deepEqual((await findUse(readSearch(folder), tested, resized)).notes, []);
    }
  });

  it("knows validation images of a split of their own", async () => {
    const dataset = { ...untested, validation: slice(untested.train, 0, 3) };
    const folder = writeSearch("own", {
      ...{ dataset, train: [1, 2], validation: [1] },
      validationFrom: "validation",
    });
    const { used } = await findUse(readSearch(folder), dataset, unexpected);
    assert.deepEqual(used, { train: [1, 2], validation: [], ownValidation: [1] });
  });

  it("refuses a file that names other images", async () => {
    for (const validation of [[200], [-1], [3, 2], [3, 3]]) {
      const folder = writeSearch("edited", { dataset: untested, train: [1], validation });
      await assert.rejects(
        async () => findUse(readSearch(folder), untested, unexpected),
        /^UsageError: .*experiment\.json: (subsets names images that the data do not have|subsets\.validation.*: .*); restore the file as it was written$/,
      );
    }
  });
});

describe("findUse of a search that was warm-started", () => {
  const small = () => resized(12);

  it("adds the images of the searches before it, at their sizes, from folders or notebooks", async () => {
    const first = writeSearch("first", { dataset: await small(), train: [10, 11], validation: [12, 13] });
    const second = writeSearch("second", {
      ...{ dataset: untested, train: [12, 20], validation: [21], config: { warm_start: first } },
    });
    const third = writeSearch("third", {
      ...{ dataset: untested, train: [30], validation: [31] },
      config: { warm_start: join(second, "notebook.csv") },
    });
    const { used, notes } = await findUse(readSearch(third), untested, resized);
    // Image 12 trained one search and validated another one.
    assert.deepEqual(used, { train: [30, 20, 10, 11], validation: [31, 21, 12, 13] });
    assert.deepEqual(notes, []);
  });

  it("ends at a search that learnt nothing, and in a circle", async () => {
    const begun = { dataset: untested, train: [1], validation: [2] };
    const random = writeSearch("random", { ...begun, config: { warm_start: root, method: "random" } });
    assert.deepEqual((await findUse(readSearch(random), untested, unexpected)).notes, []);
    const config = { warm_start: join(root, "circle") };
    const circle = writeSearch("circle", { ...begun, config });
    assert.deepEqual((await findUse(readSearch(circle), untested, unexpected)).used, {
      ...{ train: [1], validation: [2] },
    });
  });

  it("says what cannot be known", async () => {
    const begun = { dataset: untested, train: [1], validation: [2] };
    const unknown =
      /^it is not known which images validated .*, from which .* was warm-started: if they are among these, its policies look better here than they are$/;
    const changed = writeSearch("changed", begun);
    const alone = join(root, "alone.csv");
    writeFileSync(alone, NOTEBOOK);
    for (const warm_start of [join(root, "gone"), alone, changed]) {
      const folder = writeSearch("later", { ...begun, config: { warm_start } });
      if (warm_start === changed) writeFileSync(join(changed, "notebook.csv"), "trial_no,sample_no\n7,0\n");
      const { used, notes } = await findUse(readSearch(folder), untested, unexpected);
      assert.deepEqual(used, { train: [1], validation: [2] });
      assert.equal(notes.length, 1, warm_start);
      assert.match(notes[0], unknown);
    }
    const cats = { ...untested, name: "cats", train: slice(untested.train, 0, 150) };
    const other = toDataset(cats, cats.name, undefined);
    const first = writeSearch("cats", { ...begun, dataset: other });
    const folder = writeSearch("later", { ...begun, config: { warm_start: first } });
    const { notes } = await findUse(readSearch(folder), untested, unexpected);
    assert.match(
      notes.join("\n"),
      /^the images are not those of .*cats \(cats\), from which the search was warm-started: /,
    );
  });
});
