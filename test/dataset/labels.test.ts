import assert from "node:assert/strict";
import fs, { writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemPath } from "../../src/common/path-bytes.ts";
import { describeSource } from "../../src/dataset/describe.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import type { ColumnChoice, DataSettings } from "../../src/dataset/reader.ts";
import { loadAtSize } from "../../src/dataset/sizes.ts";
import { picture, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { fails, labelsOf, lines, pictures } from "./fixtures/labels.ts";

const FOUR = ["0.png", "1.png", "2.png", "3.png"];
const IN_TRAIN = FOUR.map((name) => `train/${name}`);
const CATS_AND_DOGS = { 0: "cat", 1: "dog", 2: "cat", 3: "dog" };

describe("labels in tables", () => {
  it("are read as in Kaggle's train.csv, with and without extension in the id", async () => {
    const test = ["test/0.png", "test/9.png"];
    const withExtension = lines("id,label", "0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog");
    const without = lines("id,breed", "0,cat", "1,dog", "2,cat", "3,dog");
    const notes = ["test/ is set aside: its 2 pictures have no labels"];
    for (const table of [withExtension, without]) {
      const files = { ...(await pictures(...IN_TRAIN, ...test)), "train.csv": table };
      const folder = writeFiles({
        ...files,
        "test.csv": "id\n0\n9\n",
        "sample_submission.csv": "id,label\n0,cat\n",
      });
      assert.deepEqual(await labelsOf(folder), { train: CATS_AND_DOGS, notes });
      assert.deepEqual(await labelsOf(folder, join(folder, "train.csv")), { train: CATS_AND_DOGS, notes });
    }
    // Pictures one folder further down, and the class in a column "Id".
    const nested = await pictures(...FOUR.map((name) => `train_images/train_images/${name}`));
    const whales = lines("Image,Id", "0.png,w1", "1.png,w2", "2.png,w1", "3.png,w2");
    assert.deepEqual((await labelsOf(writeFiles({ ...nested, "train.csv": whales }))).train, {
      0: "w1",
      1: "w2",
      2: "w1",
      3: "w2",
    });
  });

  it("are read once for a command, with each folder's listing for the decision and for the list", async (t) => {
    const table = lines("id,label", "0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog");
    const folder = writeFiles({ ...(await pictures(...IN_TRAIN)), "train.csv": table });
    const { openSync, readSync } = fs;
    const opened = new Map<number, string>();
    const paths: string[] = [];
    t.mock.method(fs, "openSync", (...args: Parameters<typeof openSync>) => {
      const file = openSync(...args);
      opened.set(file, String(args[0]));
      return file;
    });
    // The beginning alone, which decides whether it is a picture, does not count.
    t.mock.method(fs, "readSync", (file: number, bytes: Buffer, ...rest: [number, number, number]) => {
      if (bytes.length === Buffer.byteLength(table)) paths.push(opened.get(file) ?? "");
      return readSync(file, bytes, ...rest);
    });
    syncBuiltinESMExports();
    try {
      await loadAtSize(folder, () => 2, { home: temporaryFolder() });
    } finally {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    }
    assert.deepEqual(
      paths.filter((path) => path.endsWith(".csv")),
      [join(folder, "train.csv")],
    );
  });

  it("are read as in Roboflow's _classes.csv: a column for each class", async () => {
    const folder = writeFiles({
      ...(await pictures(...IN_TRAIN, "valid/0.png", "valid/1.png")),
      "train/_classes.csv": lines("filename, cat, dog", "0.png, 1, 0", "1.png, 0, 1", "2.png, 1, 0"),
      "valid/_classes.csv": lines("filename, cat, dog", "0.png, 0, 1", "1.png, 1, 0"),
    });
    assert.deepEqual(await labelsOf(folder), {
      train: { 0: "cat", 1: "dog", 2: "cat" },
      validation: { 4: "dog", 5: "cat" },
      notes: ["1 picture has no label and is left out, such as train/3.png"],
    });
  });

  it("are read as in Hugging Face's metadata.csv", async () => {
    const files = await pictures(...IN_TRAIN, "test/0.png");
    const train = lines("file_name,label", "0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog");
    const expected = { train: CATS_AND_DOGS, test: { 4: "dog" } };
    const each = { "train/metadata.csv": train, "test/metadata.csv": "file_name,label\n0.png,dog\n" };
    assert.deepEqual(await labelsOf(writeFiles({ ...files, ...each })), expected);
    const whole = lines(
      "file_name,label",
      "train/0.png,cat",
      "train/1.png,dog",
      "train/2.png,cat",
      "train/3.png,dog",
      "test/0.png,dog",
    );
    assert.deepEqual(await labelsOf(writeFiles({ ...files, "metadata.csv": whole })), expected);
  });

  it("are read as in Hugging Face's metadata.jsonl, beside the pictures or above the splits", async () => {
    const files = await pictures(...IN_TRAIN, "test/0.png");
    const row = (name: string, label: unknown) =>
      JSON.stringify({ file_name: name, box: [0, 1], label, note: null });
    const expected = { train: CATS_AND_DOGS, test: { 4: "dog" } };
    const labels = ["cat", "dog", "cat", "dog"];
    const each = {
      "train/metadata.jsonl": lines(...labels.map((label, i) => row(`${i}.png`, label))),
      "test/metadata.jsonl": row("0.png", "dog"),
    };
    assert.deepEqual(await labelsOf(writeFiles({ ...files, ...each })), expected);
    const whole = [...labels.map((label, i) => row(`train/${i}.png`, label)), "", row("test/0.png", "dog")];
    const folder = writeFiles({ ...files, "metadata.jsonl": whole.join("\r\n") });
    assert.deepEqual(await labelsOf(folder), expected);
    assert.deepEqual(await labelsOf(folder, join(folder, "metadata.jsonl")), expected);
    // Numbers, and keys that some rows lack.
    const numbers = lines(
      row("0.png", 10),
      '{"label": 9, "file_name": "1.png", "weight": 0.5}',
      row("2.png", 10),
    );
    const { train } = await labelsOf(writeFiles({ ...(await pictures(...FOUR)), "metadata.jsonl": numbers }));
    assert.deepEqual(train, { 0: "10", 1: "9", 2: "10" });
    const bad = await pictures(...FOUR);
    await fails(
      { ...bad, "metadata.jsonl": '{"file_name": "0.png"' },
      /^data\/metadata\.jsonl, line 1: not valid JSON: /,
    );
    await fails(
      { ...bad, "metadata.jsonl": '["0.png", "cat"]' },
      'data/metadata.jsonl, line 1: not a JSON object, such as {"file_name": "0.png", "label": "cat"}',
    );
    await fails({ ...bad, "metadata.jsonl": "\n" }, "data/metadata.jsonl is empty");
  });

  it("are read in the forms in which programs write them", async () => {
    const files = await pictures(...FOUR);
    const rows = ["0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog"];
    const forms: Record<string, Record<string, string | Buffer>> = {
      "without a header": { "labels.csv": lines(...rows) },
      "with semicolons": { "labels.csv": lines("file;label", ...rows.map((row) => row.replace(",", ";"))) },
      "with tabs": { "labels.tsv": lines("file\tlabel", ...rows.map((row) => row.replace(",", "\t"))) },
      "with CRLF and quotes": { "a.csv": rows.map((row) => `"${row.replace(",", '","')}"\r\n`).join("") },
      "as UTF-16": { "labels.csv": Buffer.from(`\ufeff${lines("file,label", ...rows)}`, "utf16le") },
      "with an index": { "labels.csv": lines(",filename,label", ...rows.map((row, i) => `${3 - i},${row}`)) },
      "with a number of the class": {
        "labels.csv": lines(
          "path,class_id,class_name",
          ...rows.map((row, i) => row.replace(",", `,${i % 2},`)),
        ),
      },
      "with boxes": {
        "labels.csv": lines(
          "filename,width,class,xmin",
          ...[...rows, rows[0]].map((row, i) => `${row.replace(",", ",2,")},${i}`),
        ),
      },
      "with paths of another machine": {
        "labels.csv": lines("path,label", ...rows.map((row) => `C:\\data\\input\\${row}`)),
      },
    };
    for (const [form, tables] of Object.entries(forms)) {
      const { train, ...rest } = await labelsOf(writeFiles({ ...files, ...tables }));
      assert.deepEqual([train, rest], [CATS_AND_DOGS, {}], form);
    }
    const numbers = lines("id,label", "0,10.0", "1,2.0", "2,10.0", "3,2.0");
    const folder = writeFiles({ ...files, "labels.csv": numbers });
    assert.deepEqual((await labelsOf(folder)).train, { 0: "10", 1: "2", 2: "10", 3: "2" });
    assert.deepEqual((await loadDataset(folder, { home: temporaryFolder() })).classNames, ["2", "10"]);
  });

  it("are of the split in a column, or of the folder that a path names", async () => {
    const files = await pictures(...IN_TRAIN, ...FOUR.map((name) => `test/${name}`));
    const bySplit = lines(
      "file,label,split",
      ...["0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog"].map((row) => `${row},Training`),
      ...["0.png,dog", "1.png,cat"].map((row) => `${row},Testing`),
    );
    const byPath = bySplit
      .replaceAll(/^(.*),Training$/gm, "/kaggle/input/train/$1,")
      .replaceAll(/^(.*),Testing$/gm, "/kaggle/input/test/$1,");
    for (const table of [bySplit, byPath]) {
      const { train, test } = await labelsOf(writeFiles({ ...files, "labels.csv": table }));
      assert.deepEqual([train, test], [CATS_AND_DOGS, { 4: "dog", 5: "cat" }]);
    }
    await fails(
      { ...files, "labels.csv": lines("file,label", "0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog") },
      "data/labels.csv: its pictures may be test/0.png and the like, or train/0.png; write the folder into the table, leave " +
        "out one of the folders, or name the table as the split, such as train.csv",
    );
  });

  it("are never taken from a picture of another folder", async () => {
    const files = await pictures("train/0.png", "train/1.png", ...FOUR.map((name) => `test/${name}`));
    const table = lines("id,label", "0.png,cat", "1.png,dog", "2.png,cat", "3.png,dog");
    assert.deepEqual(await labelsOf(writeFiles({ ...files, "train.csv": table })), {
      train: { 0: "cat", 1: "dog" },
      notes: ["test/ is set aside: its 4 pictures have no labels"],
      skipped: [
        'data/train.csv, line 4: there is no picture "2.png"',
        'data/train.csv, line 5: there is no picture "3.png"',
      ],
    });
  });

  it("are taken as they are, also below another folder and in another case, with a note", async () => {
    const inner = await pictures(
      "set/train/0.png",
      "set/train/1.png",
      ...FOUR.map((name) => `set/test/${name}`),
    );
    const table = lines("id,label", "0,cat", "1,Cat", "2,cat", "3,dog");
    const { train, test, notes } = await labelsOf(writeFiles({ ...inner, "set/train.csv": table }));
    assert.deepEqual([train, test], [{ 0: "cat", 1: "Cat" }, undefined]);
    assert.deepEqual(notes, [
      "4 pictures have no label and are left out, such as set/test/0.png",
      '"Cat" and "cat" are two classes; write them alike if they are one',
    ]);
  });

  it("are left out if they are -1 beside other numbers, unless that is a class", async () => {
    const read = async (...labels: string[]) => {
      const rows = labels.map((label, i) => `${i}.png,${label}`);
      return labelsOf(
        writeFiles({ ...(await pictures(...FOUR)), "labels.csv": lines("file,label", ...rows) }),
      );
    };
    const notes = [
      "the label -1 means that the class is not known; give it a name if it is a class",
      "1 picture has no label and is left out, such as 2.png",
    ];
    assert.deepEqual(await read("0", "1", "-1", "1.0"), { train: { 0: "0", 1: "1", 3: "1" }, notes });
    assert.deepEqual(await read("1", "-1", "-1", "1"), {
      train: { 0: "1", 1: "-1", 2: "-1", 3: "1" },
      notes: ["the labels -1 and 1 are read as two classes, since there are no others"],
    });
    const all = { 0: "0", 1: "-2", 2: "-1", 3: "1" };
    assert.deepEqual(await read("0", "-2", "-1", "1"), { train: all });
    assert.deepEqual((await read("a", "b", "-1", "a")).train, { 0: "a", 1: "b", 2: "-1", 3: "a" });
  });

  it("are set aside with a note if the test pictures have other classes", async () => {
    const files = {
      ...(await pictures(...IN_TRAIN, "test/0.png")),
      "train.csv": lines("id,label", "0,cat", "1,dog", "2,cat", "3,dog"),
    };
    assert.deepEqual(await labelsOf(writeFiles({ ...files, "test.csv": "id,label\n0,bird\n" })), {
      train: CATS_AND_DOGS,
      notes: ['the test pictures are set aside: no training picture has their class "bird"'],
    });
  });

  it("are read without a table that cannot be, with a note, unless it is that of the training pictures", async () => {
    const files = await pictures(...IN_TRAIN, "val/0.png");
    const good = lines("id,label", "0,cat", "1,dog");
    const bad = lines("id,label", "0,cat,x");
    const reason =
      "line 2: 3 cells, but the first line has 2; put quotes around cells that contain the separator";
    const { train, validation, notes } = await labelsOf(
      writeFiles({ ...files, "train.csv": good, "val.csv": bad }),
    );
    assert.deepEqual([train, validation], [{ 0: "cat", 1: "dog" }, undefined]);
    assert.equal(notes![0], `a table is not used: data/val.csv, ${reason}`);
    await fails({ ...files, "train.csv": bad, "val.csv": good }, `data/train.csv, ${reason}`);
  });

  it("may name files whose names are not UTF-8", { skip: process.platform !== "linux" }, async () => {
    const folder = writeFiles({
      "labels.csv": Buffer.from("file,label\n\xe9.png,caf\xe9\na.png,tea\n", "latin1"),
    });
    for (const [i, name] of ["\udce9.png", "a.png"].entries())
      writeFileSync(systemPath(join(folder, name)), await picture(2, 2, i));
    assert.deepEqual(await labelsOf(folder), { train: { 0: "café", 1: "tea" } });
  });

  it("are left to class folders, with a note, unless both differ", async () => {
    const files = await pictures("cats/0.png", "cats/1.png", "dogs/2.png", "dogs/3.png");
    const train = { 0: "cats", 1: "cats", 2: "dogs", 3: "dogs" };
    const notes = [
      "data/labels.csv is not read: the classes are the names of the folders; give data/labels.csv if it has the labels",
    ];
    const same = lines("id,label", "0,cat", "1,cat", "2,dog", "3,dog");
    const sizes = lines("id,width,height", "0,2,3", "1,2,4", "2,2,3", "3,2,4");
    for (const table of [same, sizes]) {
      assert.deepEqual(await labelsOf(writeFiles({ ...files, "labels.csv": table })), { train, notes });
    }
    const other = lines("id,label", "0,old", "1,young", "2,old", "3,young");
    await fails(
      { ...files, "labels.csv": other },
      "data: the classes may be the folders cats/ and dogs/, or those of data/labels.csv, which differ: give data/labels.csv " +
        "to use the table, or move it out of data to use the folders",
    );
    const folder = writeFiles({ ...files, "labels.csv": other });
    const { train: chosen } = await labelsOf(folder, join(folder, "labels.csv"));
    assert.deepEqual(chosen, { 0: "old", 1: "young", 2: "old", 3: "young" });
    // Folders that are only parts of a collection.
    const parts = await pictures("part_1/0.png", "part_1/1.png", "part_2/2.png", "part_2/3.png");
    assert.deepEqual((await labelsOf(writeFiles({ ...parts, "labels.csv": other }))).train, chosen);
    // HAM10000: the column of the classes is one of several, and its name is usual but does not contain "label".
    const ham = lines("image_id,dx,sex", "0,old,f", "1,young,m", "2,old,m", "3,young,f");
    const upper = await pictures("Part_1/0.png", "Part_1/1.png", "part_2/2.png", "part_2/3.png");
    for (const files of [parts, upper]) {
      assert.deepEqual((await labelsOf(writeFiles({ ...files, "meta.csv": ham }))).train, chosen);
    }
    const source = lines("image_id,source", "0,web", "1,scan", "2,web", "3,scan");
    const numbers = await pictures("1/0.png", "1/1.png", "2/2.png", "2/3.png");
    assert.deepEqual((await labelsOf(writeFiles({ ...numbers, "meta.csv": source }))).train, {
      ...{ 0: "1", 1: "1", 2: "2", 3: "2" },
    });
  });

  it("are read from the columns that the user names, also beside class folders", async () => {
    const rows = ["0.png,a,x,9.png", "1.png,a,y,8.png", "2.png,b,x,7.png", "3.png,b,y,6.png"];
    const table = lines("file,class,species,other", ...rows);
    const folder = writeFiles({ ...(await pictures(...FOUR)), "a.csv": table });
    const load = (columns: ColumnChoice, path = folder) =>
      loadDataset(path, { home: temporaryFolder(), columns });
    for (const path of [folder, join(folder, "a.csv")]) {
      assert.deepEqual((await load({ label: "class" }, path)).classNames, ["a", "b"]);
      assert.deepEqual((await load({ label: "species", image: "file" }, path)).classNames, ["x", "y"]);
    }
    await assert.rejects(load({ label: "kind" }), {
      message: `${folder}/a.csv has no column "kind", which label_column names; it has "file", "class", "species", "other"`,
    });
    await assert.rejects(
      load({ image: "name", label: "class" }),
      /has no column "name", which image_column names/,
    );
    const inFolders = await pictures("cats/0.png", "cats/1.png", "dogs/2.png", "dogs/3.png");
    const both = writeFiles({ ...inFolders, "a.csv": table });
    assert.deepEqual((await load({ label: "species" }, both)).classNames, ["x", "y"]);
    assert.deepEqual((await load({ image: "file", label: "species" }, both)).classNames, ["x", "y"]);
    // Never ignored.
    await assert.rejects(load({ label: "kind" }, both), /has no column "kind", which label_column names/);
    await assert.rejects(load({ image: "kind" }, both), /has no column "kind", which image_column names/);
    const few = writeFiles({ ...inFolders, "a.csv": lines("file,class", "0.png,x") });
    await assert.rejects(load({ label: "class" }, few), {
      message:
        `${few}: image_column or label_column is set, but no table has labels of most of its pictures; leave out this ` +
        "setting to use the folders as classes",
    });
  });

  it("have settings that other data refuse", async () => {
    const folder = writeFiles(await pictures("cats/0.png", "dogs/1.png"));
    const reads = "a folder with one subfolder per class";
    const refused = (settings: DataSettings, key: string, source = folder, form = reads) =>
      assert.rejects(loadDataset(source, { home: temporaryFolder(), ...settings }), {
        name: "UsageError",
        message: `${key} has no effect: ${source} is read as ${form}; leave out this setting`,
      });
    await refused({ columns: { label: "x" } }, "label_column");
    await refused({ columns: { image: "x" } }, "image_column");
    await refused({ arrays: { names: null, channels: "first" } }, "channels");
    await refused({ arrays: { names: { train: ["a", "b"] }, channels: "auto" } }, "arrays");
    await refused({ columns: { label: "x" } }, "label_column", "mnist", "a dataset by its name");
    const table = writeFiles({
      ...(await pictures(...FOUR)),
      "a.csv": lines("file,label", "0.png,x", "1.png,y"),
    });
    await refused(
      { arrays: { names: null, channels: "first" } },
      "channels",
      table,
      "a CSV file with the labels of pictures",
    );
  });

  it("of mixed sizes are described and resized", async () => {
    const folder = writeFiles({
      "a.png": await picture(2, 3, 1),
      "b.png": await picture(4, 3, 2),
      "labels.csv": "file,label\na.png,x\nb.png,y\n",
    });
    const home = temporaryFolder();
    const { sizes, splits, labels } = await describeSource(folder, { home });
    assert.equal(sizes.length, 2);
    assert.deepEqual(splits, { train: 2 });
    assert.deepEqual(labels, {
      tables: [
        {
          path: join(folder, "labels.csv"),
          imageColumn: "file",
          labelColumns: ["label"],
          images: { train: 2 },
        },
      ],
      examples: [
        { image: "a.png", className: "x", split: "train" },
        { image: "b.png", className: "y", split: "train" },
      ],
    });
    const chosen = await loadAtSize(folder, ({ counts }) => 4 + counts.train!, { home });
    assert.equal(chosen.train.images.height, 6);
    // The same from the cache, until a label changes.
    assert.deepEqual((await loadDataset(folder, { home, imageSize: 6 })).labels, labels);
    writeFileSync(join(folder, "labels.csv"), "file,label\na.png,y\nb.png,x2\n");
    assert.deepEqual((await loadDataset(folder, { home, imageSize: 6 })).classNames, ["x2", "y"]);
  });
});

describe("tables that cannot be used", () => {
  it("are errors that say how to fix them", async () => {
    const files = await pictures(...FOUR);
    const table = (...rows: string[]) => ({ ...files, "a.csv": lines(...rows) });
    await fails(
      table("file,label", "0.png,x", "1.png,y", "0.png,y"),
      'data/a.csv: data/0.png has two labels (line 2: "x"; line 4: "y"): keep one of them',
    );
    await fails(
      { ...table("file,label", "0.png,x", "1.png,y"), "b.csv": lines("file,label", "0.png,y", "1.png,y") },
      'data/0.png has two labels (data/a.csv: "x" in train; data/b.csv: "y" in train): leave out one of the tables',
    );
    await fails(
      table("file,cat,dog", "0.png,1,0", "1.png,1,1"),
      "data/a.csv, line 3: the picture has several classes (cat, dog), but a classifier needs one for each picture; keep one, " +
        "or leave out the row",
    );
    await fails(
      table("file,colour,shape", "0.png,red,round", "1.png,blue,round"),
      'data/a.csv: it is unclear which of the columns "colour", "shape" contains the classes: say which one, such as --set label_column=colour',
    );
    await fails(
      table("file,class,species", "0.png,a,x", "1.png,a,y"),
      'data/a.csv: it is unclear which of the columns "class", "species" contains the classes: say which one, such as --set label_column=class',
    );
    await fails(
      table("a,b", "x,y", "z,w"),
      'data: no column of data/a.csv names its pictures: write their paths, or names, into a column "file", such as "0.png"',
    );
    await fails(
      table("file", "0.png", "1.png"),
      'data/a.csv names pictures (column "file") but no classes: add a column "label"',
    );
    await fails(
      table("file,label", "0.png,x"),
      'data: only one class ("x") in data/a.csv, with labels of 1 of the 4 pictures; a classifier needs two or more',
    );
    await fails(
      table("file,label", "0.png,x,y"),
      "data/a.csv, line 2: 3 cells, but the first line has 2; put quotes around cells that contain the separator",
    );
    await fails(table("file,label", '0.png,"x'), /^data\/a\.csv, line \d: not valid CSV: /);
    await fails({ ...files, "a.csv": "" }, "data/a.csv is empty");
    await fails({ ...files, "a.csv": "a\0b" }, "data/a.csv: it is not text; save it as UTF-8");
    const scores = await pictures(...Array.from({ length: 24 }, (_, i) => `${i}.png`));
    await fails(
      {
        ...scores,
        "a.csv": lines("file,score", ...Object.keys(scores).map((name, i) => `${name},${i / 7}`)),
      },
      'data/a.csv: the column "score" has 24 different values for 24 pictures, so it does not contain classes: name the ' +
        'column with the classes "label"',
    );
    const both = {
      ...(await pictures("0.png", "0.jpg.png", "1.png")),
      "0.jpg": await picture(2, 2, 9, "jpg"),
    };
    await fails(
      { ...both, "a.csv": lines("id,label", "0,x", "1,y") },
      'data/a.csv, line 2: "0" may be 0.jpg or 0.png; write the path of the picture into the table',
    );
    const validation = await pictures(...IN_TRAIN, "val/0.png");
    await fails(
      { ...validation, "train.csv": lines("id,label", "0,x", "1,y"), "val.csv": lines("id,label", "0,z") },
      'data/val/0.png: no training picture has the class "z"; every class needs training pictures',
    );
    await fails(
      { ...(await pictures("test/0.png", "test/1.png")), "test.csv": lines("id,label", "0,x", "1,y") },
      "data: the labels are of test pictures alone; label training pictures too",
    );
  });
});
