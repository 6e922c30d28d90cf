// Pictures inside larger files, as real programs write them: Hugging Face's `datasets`, pandas and pyarrow, `webdataset` and
// Python's `tarfile`.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { describeSource } from "../../src/dataset/describe.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { readRanges } from "../../src/dataset/readers/webdataset/tar.ts";
import { loadAtSize } from "../../src/dataset/sizes.ts";
import { type Files, picture, tarGz, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { byClass, readPacked, unpackSet } from "./fixtures/packed-set.ts";

const set = await unpackSet();
const at = (...names: string[]) => join(set.folder, ...names);

const FOR_EACH =
  "write the bytes of the picture files into it, or give a folder of the pictures and a table of their labels";

/** Why the cases without samples are refused; `set` is the folder of all cases. */
const REFUSED: Readonly<Record<string, string>> = {
  "masks.parquet":
    'set/masks.parquet has several columns of pictures ("image", "mask"): set image_column to the one to classify',
  "detection.parquet":
    'set/detection.parquet: no column contains one class for each picture, only "objects" (lists) beside the pictures; lists ' +
    "are for pictures with several classes, or for detection: add a column of numbers or text, and set label_column to its name",
  "lists.parquet":
    'set/lists.parquet: no column contains pictures, only "images" (lists), "label" (numbers); "images" has several values in a ' +
    "row, and a classifier needs one picture file (PNG, JPEG, …) in each",
  "several.parquet":
    'set/several.parquet: no column contains one class for each picture, only "labels" (lists) beside the pictures; lists are ' +
    "for pictures with several classes, or for detection: add a column of numbers or text, and set label_column to its name",
  arrow:
    "set/arrow/train/data-00000-of-00001.arrow is an Arrow file, as written by save_to_disk, which is not supported: write " +
    'Parquet instead, with load_from_disk(…)["train"].to_parquet("train.parquet")',
  "several-and-more.parquet":
    'set/several-and-more.parquet: no column contains one class for each picture, only "labels" (lists), "site" (text) beside ' +
    "the pictures; lists are for pictures with several classes, or for detection: add a column of numbers or text, and set " +
    "label_column to its name",
  "unclear-names":
    "set/unclear-names/2.parquet does not name its classes, and 0.parquet and 1.parquet number them in different ways: write all " +
    "files with the same names",
  kinds:
    'set/kinds: the column "label" has numbers in 0.parquet ("0") and text in 1.parquet ("cat"): write the same kind of ' +
    "classes into all files",
  "split-unknown.parquet":
    'set/split-unknown.parquet: the column "split" has "holdback" for a split: write train, val or test, or rename the column if ' +
    "it means something else",
  "tags.parquet":
    'set/tags.parquet: the column "label" has several classes in one value ("cat,dog"), but a classifier needs one for each ' +
    'picture: keep one of them, or set label_column to "label" if that is the name of a class',
  "lists.tar":
    'set/lists.tar: "labels" in .json has lists or objects, as for several classes or boxes, but a classifier needs one class for ' +
    "each picture: add a file .cls to each",
  "tags.tar":
    'set/tags.tar: the content of .cls has several classes in one value ("cat dog"), but a classifier needs one for each ' +
    "picture: keep one of them, or set label_column to .cls if that is the name of a class",
  "unclear.parquet":
    'set/unclear.parquet: it is unclear which of the columns "colour", "shape" contains the classes: set label_column to its name',
  "unlabelled.parquet":
    'set/unlabelled.parquet: no column contains the classes: add a column "label" of numbers or text',
  "texts.parquet":
    'set/texts.parquet: no column contains pictures, only "text" (text), "label" (numbers); pictures are files (PNG, JPEG, …) ' +
    "as bytes, by themselves or in Hugging Face's structure of bytes and path",
  "paths.parquet": `set/paths.parquet: the column "image" has only the paths of pictures (images/0.jpg), not their bytes: ${FOR_EACH}`,
  "only-paths.parquet": `set/only-paths.parquet: the column "image" has only the paths of pictures, not their bytes: ${FOR_EACH}`,
  "scores.parquet":
    "set/scores.parquet, row 1: the label is 0.14285714285714285, but a class is a whole number or text; set label_column to " +
    "another column",
  "empty.parquet": "set/empty.parquet has no rows for training: the files are empty",
  "captions.parquet":
    'set/captions.parquet: the column "label" has 24 different values for 24 pictures, so it does not contain classes: set ' +
    "label_column to the name of the one that does",
  "pixels.parquet":
    "set/pixels.parquet: no column contains pictures; its 65 columns of numbers look like pixels: save the pictures as files, or " +
    "as .npz",
  "dots.tar":
    "set/dots.tar: a sample has several pictures (photo: .v1.00.jpg, .v1.01.jpg, .v1.02.jpg, .v1.03.jpg, …): the extension " +
    "begins at the first dot of a name: rename the files if their names have more",
  "captions.tar":
    "set/captions.tar: the content of .txt has 24 different values for 24 pictures, so it does not contain classes: set " +
    "label_column to what does, such as .cls",
  "unlabelled.tar":
    "set/unlabelled.tar: its samples have pictures but no classes: add a file .cls to each, or unpack it if its folders are the " +
    "classes",
  "folders.tar":
    "set/folders.tar: its samples have pictures but no classes: add a file .cls to each, or unpack it if its folders are the classes",
  "unclear.tar":
    'set/unclear.tar: it is unclear which files of its samples contain the classes ("colour" in .json, "shape" in .json): set ' +
    "label_column to one of these",
  "pairs.tar":
    "set/pairs.tar: a sample has several pictures (0: .left.jpg, .right.jpg): set image_column to the one to classify",
  "cut.tar": "set/cut.tar is truncated: fetch it again",
};

/** The notes, and what is skipped, of cases that have any. */
const NOTES: Readonly<Record<string, { notes?: string[]; skipped?: string[] }>> = {
  "fine.parquet": {
    notes: [
      'the classes are those of the column "fine_label"; set label_column to "coarse_label" for the coarse ones',
    ],
  },
  hidden: {
    notes: [
      "the test pictures are set aside: none of the 3 has a label",
      '2 of the 5 classes have no training pictures and are left out: "bird", "truck"',
    ],
  },
  "names-in-one": { notes: ["0.parquet does not name its classes; the names in 1.parquet are used"] },
  "nameless.parquet": {
    notes: [
      "nameless.parquet: the names of its classes are not used, since some are equal or empty: classes are numbers",
    ],
  },
  "blank-line": {
    notes: [
      "set/blank-line/classes.txt is not used: its line 2 is empty, so it is unclear which class each line names",
    ],
  },
  ...Object.fromEntries(
    ["links.tar", "links.tar.gz"].map((name) => [
      name,
      {
        skipped: [
          "6.jpg: it is a link to /data/6.jpg",
          "7.jpg: it is a link to t/8.jpg",
          "8.jpg: it is a link to t/7.jpg",
        ].map((line) => `set/${name}: t/${line}, which is not in the archive`),
      },
    ]),
  ),
  unnamed: { notes: ["test.parquet does not name its classes; the names in train.parquet are used"] },
  "gaps.parquet": {
    notes: ["2 training pictures have no label and are left out, such as set/gaps.parquet, row 4"],
  },
  "odd.parquet": {
    skipped: [
      ...[10, 11, 12].map((row) => `set/odd.parquet, row ${row}: it has no picture in the column "image"`),
      "set/odd.parquet, row 13: it is text, not a picture: remove it, or replace it by the picture",
    ],
  },
  "odd.tar": {
    notes: ["2 training pictures have no label and are left out, such as set/odd.tar: x3.png"],
    skipped: [
      "set/odd.tar: 0000.jpg: the archive has a file of this name before it",
      "set/odd.tar: x1.jpg: it is text, not a picture: remove it, or replace it by the picture",
    ],
  },
};

/** @param message with `set` for the folder. */
async function fails(path: string, message: string | RegExp, options = {}): Promise<void> {
  await assert.rejects(loadDataset(path, { home: temporaryFolder(), ...options }), (error: Error) => {
    assert.equal(error.name, "UsageError", String(error.stack));
    const text = error.message.replaceAll(set.folder, "set");
    assert.ok(!text.includes("\n"), text);
    if (typeof message === "string") assert.equal(text, message);
    else assert.match(text, message);
    return true;
  });
}

/** A new folder with some files of the set. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, from] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync(at(from), join(folder, name));
  }
  return folder;
}

describe("pictures inside larger files", () => {
  it("are read as they were written: pixels, classes and splits of every case", async () => {
    const names = Object.keys(set.cases).filter((name) => Object.keys(set.cases[name]).length > 0);
    assert.equal(names.length, 49);
    for (const name of names) {
      const read = await readPacked(set, at(name));
      const expected = Object.entries(set.cases[name]).map(([split, samples]) => [
        split,
        byClass(samples, read.classNames),
      ]);
      assert.deepEqual(read.splits, Object.fromEntries(expected), name);
      assert.deepEqual(
        [read.notes, read.skipped],
        [NOTES[name]?.notes ?? [], NOTES[name]?.skipped ?? []],
        name,
      );
    }
  });

  it("are refused with one line that says what was found and how to fix it", async () => {
    const names = Object.keys(set.cases).filter((name) => Object.keys(set.cases[name]).length === 0);
    assert.deepEqual(names.toSorted(), Object.keys(REFUSED).toSorted());
    for (const name of names) await fails(at(name), REFUSED[name]);
  });

  it("have classes in the order of Hugging Face's metadata, or of the file with their names", async () => {
    assert.deepEqual((await readPacked(set, at("orders"))).classNames, ["cat", "dog", "ship"]);
    assert.deepEqual((await readPacked(set, at("named"))).classNames, ["cat", "dog", "ship"]);
    const folder = folderOf({ "a.tar": "shards/train-000000.tar" });
    writeFileSync(join(folder, "classnames.txt"), "cat\ndog\n");
    const { classNames, notes } = await readPacked(set, folder);
    assert.deepEqual(classNames, ["0", "1", "2"]);
    assert.deepEqual(notes, [
      `${folder}/classnames.txt is not used: its lines are not the names of the classes "0", "1", "2"`,
    ]);
  });

  it("are described with columns, splits and examples", async () => {
    const { labels, splits, classes } = await describeSource(at("hub"), { home: temporaryFolder() });
    const table = { imageColumn: "image", labelColumns: ["label"], classNames: "Hugging Face's metadata" };
    assert.deepEqual(splits, { train: 12, test: 3 });
    assert.deepEqual(
      classes.map(({ name, counts }) => [name, counts.train]),
      ["cat", "dog", "ship"].map((name) => [
        name,
        set.cases.hub.train.filter(([, own]) => own === name).length,
      ]),
    );
    assert.deepEqual(labels?.tables, [
      { path: at("hub/data/train-00000-of-00002.parquet"), more: 1, ...table, images: { train: 12 } },
      { path: at("hub/data/test-00000-of-00001.parquet"), ...table, images: { test: 3 } },
    ]);
    assert.equal(labels?.examples.length, 5);
    assert.equal(labels?.examples[0].image, "data/train-00000-of-00002.parquet, row 0");
    const shards = await describeSource(at("shards"), { home: temporaryFolder() });
    assert.deepEqual(shards.labels?.tables[0], {
      path: at("shards/train-000000.tar"),
      more: 2,
      imageColumn: ".jpg",
      labelColumns: [".cls"],
      images: { train: 12 },
    });
    assert.equal(shards.labels?.examples[0].image, "train-000000.tar: sample0000.jpg");
  });

  it("of mixed sizes are described, and resized to a size that depends on them", async () => {
    for (const name of ["odd.parquet", "odd.tar"]) {
      const home = temporaryFolder();
      const { sizes, digest } = await describeSource(at(name), { home });
      assert.deepEqual(
        sizes,
        [
          { height: 32, width: 32, count: 9 },
          { height: 32, width: 20, count: 1 },
        ],
        name,
      );
      assert.equal(digest, undefined);
      const dataset = await loadAtSize(at(name), (data) => data.sizes[1].width, { home });
      assert.deepEqual([dataset.train.images.width, dataset.train.images.count], [20, 10], name);
      await fails(at(name), /^pictures differ in size \(.*set image_size to resize them all$/);
    }
  });

  it("are the same dataset as the same pictures in class folders", async () => {
    const folder = temporaryFolder();
    for (const [i, [number, name]] of set.cases["categories.parquet"].train.entries()) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, `${String(i).padStart(3, "0")}.jpg`), set.pictures[number]);
    }
    const options = { home: temporaryFolder() };
    const { digest } = await loadDataset(folder, options);
    assert.equal((await loadDataset(at("categories.parquet"), options)).digest, digest);
    assert.equal((await loadDataset(at("pax.tar"), options)).digest, digest);
  });

  it("are read by several processes if there are many, and what is damaged is reported by them", async () => {
    const copies = (name: string, extension: string) =>
      Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`part-${i}.${extension}`, name]));
    for (const [name, extension] of [
      ["snappy-2.0.parquet", "parquet"],
      ["categories.parquet", "parquet"],
      ["pax.tar", "tar"],
      ["gzipped.tar", "tar"],
    ]) {
      const { classNames, splits } = await readPacked(set, folderOf(copies(name, extension)), { workers: 2 });
      const { train } = set.cases[name];
      const all = byClass(
        [0, 1, 2, 3, 4].flatMap(() => train),
        classNames,
      );
      assert.deepEqual(splits, { train: all }, name);
    }
    const odd = await readPacked(set, folderOf(copies("odd.parquet", "parquet")), { workers: 2 });
    assert.deepEqual([odd.splits.train.length, odd.skipped.length], [50, 20]);
    const folder = folderOf(copies("large-types.parquet", "parquet"));
    const bytes = readFileSync(join(folder, "part-4.parquet"));
    const { labels } = await readPacked(set, folder, { workers: 2 });
    assert.equal(labels?.tables[0].more, 4);
    // Among the pictures, which are in the first page.
    bytes[2000] ^= 1;
    writeFileSync(join(folder, "part-4.parquet"), bytes);
    await fails(
      folder,
      `${folder}/part-4.parquet is damaged (a page that differs from its checksum): fetch or write it again`,
      { workers: 2, imageSize: 32 },
    );
  });

  it("are read by columns that the user names", async () => {
    const coarse = await readPacked(set, at("fine.parquet"), { columns: { label: "coarse_label" } });
    assert.deepEqual([coarse.classNames, coarse.notes], [["animal", "thing"], []]);
    const masks = await readPacked(set, at("masks.parquet"), { columns: { image: "mask" } });
    const numbers = masks.splits.train.map(([number]) => number);
    assert.deepEqual(numbers.toSorted(), set.cases.hub.train.map(([number]) => number).toSorted());
    const unclear = await readPacked(set, at("unclear.parquet"), { columns: { label: "colour" } });
    assert.deepEqual(unclear.classNames, ["cat", "dog", "ship"]);
    const json = await readPacked(set, at("unclear.tar"), { columns: { label: "colour" } });
    assert.deepEqual(json.classNames, ["cat", "dog", "ship"]);
    const cls = await readPacked(set, at("pax.tar"), { columns: { label: ".cls", image: ".jpg" } });
    assert.equal(cls.splits.train.length, 12);
    const columns = '"image" (pictures), "mask" (pictures), "label" (numbers)';
    await fails(
      at("masks.parquet"),
      `set/masks.parquet has no column "picture", which image_column names; it has ${columns}`,
      { columns: { image: "picture" } },
    );
    await fails(
      at("masks.parquet"),
      `set/masks.parquet: image_column names the column "label", which contains numbers; it has ${columns}`,
      { columns: { image: "label" } },
    );
    await fails(at("pax.tar"), 'set/pax.tar: label_column is "json", but the samples have .cls', {
      columns: { label: "json" },
    });
    await fails(at("pax.tar"), 'set/pax.tar: image_column is "png", but the pictures are .jpg', {
      columns: { image: "png" },
    });
  });

  it("are known by the content of a file, and left to other readers in folders of pictures", async () => {
    const folder = folderOf({ data: "categories.parquet" });
    assert.equal((await readPacked(set, join(folder, "data"))).splits.train.length, 12);
    const classes = folderOf({ "more.parquet": "categories.parquet", "more.tar": "pax.tar" });
    for (const [i, name] of ["a", "b"].entries()) {
      mkdirSync(join(classes, name));
      writeFileSync(join(classes, name, "0.jpg"), set.pictures[i]);
    }
    assert.deepEqual((await readPacked(set, classes)).classNames, ["a", "b"]);
    // A few pictures of a README.
    const hub = folderOf({ "data/train.parquet": "categories.parquet" });
    mkdirSync(join(hub, "assets"));
    writeFileSync(join(hub, "assets", "teaser.jpg"), set.pictures[0]);
    assert.equal((await readPacked(set, hub)).splits.train.length, 12);
  });

  it("are read from one file of a series, with a note, and from a folder if the series is complete", async () => {
    const file = at("hub/data/train-00000-of-00002.parquet");
    const { splits, notes } = await readPacked(set, file);
    assert.equal(splits.train.length, 6);
    assert.deepEqual(notes, [
      "set/hub/data/train-00000-of-00002.parquet is one of 2 files; give its folder to read all of them",
    ]);
    const half = "hub/data/train-00000-of-00002.parquet";
    await fails(
      folderOf({ "train-00000-of-00002.parquet": half }),
      /: train-00001-of-00002\.parquet is missing, of 2 files: fetch it, or remove "-of-" from the names of the others to use these alone$/,
    );
    await fails(
      folderOf({ "a/train-00002-of-00004-c0ffee.parquet": half, "a/test-00001-of-00001.parquet": half }),
      /: a\/train-00000-of-00004-c0ffee\.parquet is missing, and 2 others, of 4 files: fetch them, or /,
    );
    await fails(
      folderOf({ "train-00000-of-00001.parquet": half, "train-00000-of-00002.parquet": half }),
      /: train-00000-of-00001\.parquet and train-00000-of-00002\.parquet are of different versions of the same data: remove those of one$/,
    );
    const fromOne = folderOf({ "train-00001-of-00002.parquet": half, "train-00002-of-00002.parquet": half });
    assert.equal((await readPacked(set, fromOne)).splits.train.length, 12);
  });

  it("in files of other splits, folders or columns are set aside, or refused with one line", async () => {
    const extra = folderOf({ "train.parquet": "categories.parquet", "extra.parquet": "categories.parquet" });
    const { splits, skipped } = await readPacked(set, extra);
    assert.deepEqual([Object.keys(splits), splits.train.length], [["train"], 12]);
    assert.deepEqual(skipped, [
      `${extra}/extra.parquet: its name is not that of a split (train, val or test), unlike the others'`,
    ]);
    const test = folderOf({ "test.parquet": "categories.parquet" });
    await fails(
      test,
      `${test} has Parquet files for test (test.parquet) but none for training: name those train-…, or give one of them alone`,
    );
    const several = folderOf({
      "a/train.parquet": "categories.parquet",
      "b/train.parquet": "categories.parquet",
    });
    await fails(
      several,
      `${several} has Parquet files in several folders, which may be several datasets (a/ and b/): give one of them, such as ` +
        `${several}/a`,
    );
    const unlike = folderOf({ "0.parquet": "categories.parquet", "1.parquet": "truths.parquet" });
    await fails(
      unlike,
      `${unlike}/1.parquet: it has no column "picture", unlike 0.parquet: remove it, or write both alike`,
    );
    const aside = folderOf({ "train.parquet": "categories.parquet", "test.parquet": "unlabelled.parquet" });
    assert.deepEqual((await readPacked(set, aside)).skipped, [
      `${aside}/test.parquet: it has no column "picture", unlike train.parquet`,
    ]);
    // Spark writes folders.
    const spark = folderOf({
      "train.parquet/part-00000-c000.snappy.parquet": "categories.parquet",
      "test.parquet/part-00000-c000.snappy.parquet": "categories.parquet",
    });
    const { splits: ofSpark } = await readPacked(set, spark);
    assert.deepEqual([ofSpark.train.length, ofSpark.test.length], [12, 12]);
    const parts = folderOf({ "part-1/a.tar": "pax.tar", "part-2/a.tar": "ustar.tar" });
    assert.equal((await readPacked(set, parts)).splits.train.length, 24);
  });

  it("are read twice if a link has the place of another file, also in a compressed archive of several pieces", async () => {
    const bytes = randomBytes(700_000);
    const path = join(temporaryFolder(), "a.tar.gz");
    writeFileSync(path, gzipSync(bytes));
    const ranges = [1000, 1000, 350_000, 350_000, 350_000, 690_000].map((start, i) => {
      return { start, size: i < 2 ? 300_000 : 10_000 };
    });
    let i = 0;
    for await (const content of readRanges(path, ranges)) {
      const { start, size } = ranges[i++];
      assert.ok(bytes.subarray(start, start + size).equals(content), String(i));
    }
    assert.equal(i, ranges.length);
  });

  it("in damaged or other files are errors that say so", async () => {
    const folder = temporaryFolder();
    const whole = readFileSync(at("categories.parquet"));
    const write = (name: string, content: string | Uint8Array) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    await fails(
      write("cut.parquet", whole.subarray(0, 5000)),
      `${folder}/cut.parquet is truncated: fetch it again`,
    );
    await fails(
      write("pointer.parquet", "version https://git-lfs.github.com/spec/v1\n"),
      `${folder}/pointer.parquet is not a Parquet file: it is a pointer of Git LFS (fetch its content: git lfs pull), not a picture`,
    );
    await fails(write("no.parquet", ""), `${folder}/no.parquet is not a Parquet file: the file is empty`);
    await fails(
      write("secret.parquet", "PARE and more"),
      `${folder}/secret.parquet is an encrypted Parquet file, which is not supported: decrypt it first`,
    );
    await fails(
      write("pointer.tar", "version https://git-lfs.github.com/spec/v1\n"),
      `${folder}/pointer.tar: it is a pointer of Git LFS, which is not supported: fetch its content (git lfs pull)`,
    );
    const tar = readFileSync(at("pax.tar"));
    await fails(
      write("cut.tar.gz", gzipSync(tar).subarray(0, 3000)),
      `${folder}/cut.tar.gz is truncated: fetch it again`,
    );
    mkdirSync(join(folder, "bz2"));
    await fails(
      dirname(write("bz2/train.tar.bz2", "BZh91AY&SY")),
      `${folder}/bz2/train.tar.bz2: it is compressed with bzip2, which is not supported: decompress it (bunzip2)`,
    );
    // Without the mark of its end: it may be cut off after a sample.
    const end = tar.findLastIndex((byte) => byte !== 0);
    const open = write("open.tar", tar.subarray(0, 512 * Math.ceil(end / 512)));
    assert.deepEqual((await readPacked(set, open)).notes, [
      `${folder}/open.tar does not have the mark of its end, so it may be truncated`,
    ]);
  });
});

describe("labels of -1 in shards", () => {
  it("are left out, unless that is a class", async () => {
    const read = async (labels: readonly string[], names: Files = {}) => {
      const samples = labels.map(async (label, i) => [
        [`${i}.cls`, label],
        [`${i}.png`, await picture(2, 2, i)],
      ]);
      const files: Files = Object.fromEntries((await Promise.all(samples)).flat());
      const folder = writeFiles({ "train.tar.gz": await tarGz(files, "s"), ...names });
      const { classNames, train, notes = [] } = await loadDataset(folder, { home: temporaryFolder() });
      return { labels: [...train.labels].map((label) => classNames[label]), notes: notes.length };
    };
    assert.deepEqual(await read(["3", "-1", "0", "3"]), { labels: ["0", "3", "3"], notes: 1 });
    assert.deepEqual(await read(["1", "-1", "-1", "1"]), { labels: ["-1", "-1", "1", "1"], notes: 1 });
    assert.deepEqual(await read(["1", "-1", "0", "1"], { "classes.txt": "cat\ndog\n" }), {
      labels: ["cat", "dog", "dog"],
      notes: 1,
    });
  });
});
