import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { describeSource } from "../../src/dataset/describe.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { fails, labelsOf, lines, pictures } from "./fixtures/labels.ts";

const TRAIN = ["train/cat/0.png", "train/dog/1.png"];
const VAL = ["val/images/a.png", "val/images/b.png", "val/images/c.png"];
const CATS_AND_DOGS = { 0: "cat", 1: "dog" };

describe("labels of a split without class folders", () => {
  it("are read from a text beside its pictures, as in Tiny ImageNet", async () => {
    const test = ["test/images/d.png", "test/images/e.png"];
    const folder = writeFiles({
      ...(await pictures("train/cat/images/0.png", "train/dog/images/1.png", ...VAL, ...test)),
      "train/cat/cat_boxes.txt": "0.png\t0\t0\t62\t62\n",
      "val/val_annotations.txt": lines("a.png\tdog\t0\t32", "b.png\tcat\t0\t1", "c.png\tdog\t3\t1"),
      "wnids.txt": lines("cat", "dog"),
      "words.txt": lines("cat\tcat, house cat", "dog\tdog"),
    });
    const { notes, skipped, ...splits } = await labelsOf(folder);
    assert.deepEqual(splits, { train: CATS_AND_DOGS, validation: { 2: "dog", 3: "cat", 4: "dog" } });
    assert.deepEqual(notes, ["test/ is set aside: its 2 pictures are not in class folders"]);
    assert.deepEqual(skipped, ["data/train/cat/cat_boxes.txt: it is text, not a picture"]);
    const { labels } = await describeSource(folder, { home: temporaryFolder() });
    const path = join(folder, "val", "val_annotations.txt");
    assert.deepEqual(labels?.tables, [
      { path, imageColumn: "column 1", labelColumns: ["column 2"], images: { validation: 3 } },
    ]);
    assert.deepEqual(labels.examples[0], {
      image: "val/images/a.png",
      className: "dog",
      split: "validation",
    });
  });

  it("are read from a table beside its folder, in which numbers have no leading zeros, as in GTSRB", async () => {
    const files = await pictures(
      "Train/00000/0.png",
      "Train/00001/1.png",
      "Train/00010/2.png",
      ...["Test/00000.png", "Test/00001.png", "Test/00002.png"],
    );
    const tables = [
      lines("Width,X1,ClassId,Path", "1,1,10,Test/00000.png", "1,1,0,Test/00001.png", "1,1,1,Test/00002.png"),
      lines("Filename;Width;ClassId", "00000.png;1;10", "00001.png;1;0", "00002.png;1;1"),
    ];
    for (const table of tables) {
      assert.deepEqual(await labelsOf(writeFiles({ ...files, "Test.csv": table })), {
        train: { 0: "00000", 1: "00001", 2: "00010" },
        test: { 3: "00010", 4: "00000", 5: "00001" },
      });
    }
  });

  it("are read from a list with spaces, and beside classes without train/", async () => {
    const files = await pictures("cat/0.png", "dog/1.png", "test/2.png", "test/3.png");
    const notes = ["1 picture has no label and is left out, such as test/3.png"];
    const skipped = [
      'data/test.txt, line 2: there is no picture "test/4.png"',
      "data/test/5.xml: it is text, not a picture",
    ];
    const list = lines("test/2.png dog", "test/4.png cat");
    assert.deepEqual(await labelsOf(writeFiles({ ...files, "test/5.xml": "text", "test.txt": list })), {
      train: CATS_AND_DOGS,
      test: { 2: "dog" },
      notes,
      skipped,
    });
  });

  it("are read again if the table has changed", async () => {
    const files = await pictures(...TRAIN, "test/a.png", "test/b.png");
    const folder = writeFiles({ ...files, "test.csv": lines("id,label", "a,cat", "b,dog") });
    const home = temporaryFolder();
    const labels = async () => [...(await loadDataset(folder, { home })).test!.labels];
    assert.deepEqual(await labels(), [0, 1]);
    writeFileSync(join(folder, "test.csv"), lines("id,label", "a,dog", "b,cat"));
    // By class: the pictures have changed places.
    assert.deepEqual(await labelsOf(folder), { train: CATS_AND_DOGS, test: { 3: "cat", 2: "dog" } });
    assert.deepEqual(await labels(), [0, 1]);
  });

  it("are not taken from a table without the classes, which the note names", async () => {
    const files = await pictures("train/0/0.png", "train/1/1.png", "test/a.png", "test/b.png");
    const aside = "test/ is set aside: its 2 pictures are not in class folders";
    const none = "no column of data/test.csv has the names of the training folders";
    const tables = {
      [lines("id", "a", "b")]: none,
      // Numbers that are not said to be classes.
      [lines("id,male", "a,0", "b,1")]: none,
      [lines("id,label", "a,7", "b,1")]: none,
      [lines("id,label", "a,0", "b,0")]: 'data/test.csv has "0" for all of them',
      [lines("id,label,class", "a,0,1", "b,1,1")]:
        'data/test.csv: it is unclear which of the columns "label", "class" contains the classes: say which one, such as ' +
        "--set label_column=label",
    };
    for (const [table, reason] of Object.entries(tables)) {
      const { notes = [], test } = await labelsOf(writeFiles({ ...files, "test.csv": table }));
      assert.equal(test, undefined);
      assert.equal(notes[0], `${aside}; ${reason}`);
    }
    const damaged = { ...(await pictures(...TRAIN, "test/a.png")), "test.csv": lines("id,label", "a,cat,1") };
    assert.equal(
      (await labelsOf(writeFiles(damaged))).notes?.[0],
      "test/ is set aside: its 1 picture is not in class folders; data/test.csv, line 2: 3 cells, but the first line has 2; put " +
        "quotes around cells that contain the separator",
    );
    // The advice helps.
    const two = writeFiles({ ...files, "test.csv": lines("id,label,class", "a,0,1", "b,1,1") });
    assert.deepEqual((await labelsOf(two, two, { columns: { label: "label" } })).test, { 2: "0", 3: "1" });
    await assert.rejects(
      labelsOf(two, two, { columns: { label: "species" } }),
      /test\.csv has no column "species", which label_column names/,
    );
    // Texts that are no tables.
    const texts = {
      "test/README.txt": 'a "text',
      "test/LICENSE.txt": lines("Free to use:", "a.png", "and all others,", "for any purpose", "you like"),
    };
    assert.deepEqual((await labelsOf(writeFiles({ ...files, ...texts }))).notes, [aside]);
  });

  it("must be the same in all tables", async () => {
    const files = {
      ...(await pictures(...TRAIN, "test/a.png", "test/b.png")),
      "test.csv": lines("id,label", "a,cat", "b,dog"),
    };
    const same = { ...files, "test/labels.csv": lines("file,label", "a.png,cat", "b.png,dog") };
    assert.deepEqual((await labelsOf(writeFiles(same))).test, { 2: "cat", 3: "dog" });
    await fails(
      { ...files, "test/labels.csv": lines("file,label", "a.png,dog", "b.png,cat") },
      'data/test/a.png has two labels (data/test/labels.csv: "dog"; data/test.csv: "cat"): leave out one of the tables',
    );
  });
});
