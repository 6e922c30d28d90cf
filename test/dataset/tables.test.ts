// Tables of labels from many programs: which column names the pictures, which one divides them into splits, what is a header, and
// what is no class.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadDataset } from "../../src/dataset/load.ts";
import { parseExactly } from "../../src/dataset/readers/exact-json.ts";
import { temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { fails, labelsOf, lines, pictures } from "./fixtures/labels.ts";

const FOUR = ["0.png", "1.png", "2.png", "3.png"];
const A = ["a.png", "b.png", "c.png", "d.png"];

/** The training classes by shade that are read of pictures with one table. */
async function trainOf(names: readonly string[], ...rows: string[]) {
  return (await labelsOf(writeFiles({ ...(await pictures(...names)), "t.csv": lines(...rows) }))).train;
}

describe("the column of the pictures", () => {
  it("is the one with their names, not one that counts the rows, even if that matches more files", async () => {
    const expected = { 3: "cat", 2: "dog", 1: "cat" };
    for (const rows of [
      ["Unnamed: 0,img,label", "0,3,cat", "1,2,dog", "2,1,cat", "3,9,dog"],
      ["id,file,label", "0,3.png,cat", "1,2.png,dog", "2,1.png,cat", "3,missing.png,dog"],
      ["id,image,label", "0,3,cat", "1,2,dog", "2,1,cat", "3,9,dog"],
      ["file,label,kind", "3.png,cat,0", "2.png,dog,1", "1.png,cat,2", "missing.png,dog,3"],
    ]) {
      assert.deepEqual(await trainOf(FOUR, ...rows), expected, rows[0]);
    }
    const numbers = ["file,label", "0.png,3", "1.png,2", "2.png,1", "missing.png,0"];
    assert.deepEqual(await trainOf(FOUR, ...numbers), { 0: "3", 1: "2", 2: "1" });
  });

  it("is never a guess: columns that name different pictures are an error with the key that decides", async () => {
    const files = await pictures(...FOUR);
    const table = lines("a,b,label", "0,3,cat", "1,2,dog", "2,1,cat", "3,0,dog");
    const message =
      'data/t.csv: the column "a" and the column "b" both name pictures, but not the same ones (line 2: 0.png, 3.png): set ' +
      "image_column to one of them";
    await fails({ ...files, "t.csv": table }, message);
    // Also if the usual name matches fewer.
    const fewer = lines("code,image,label", "3,0,cat", "1,1,dog", "2,2,cat", "0,9,dog");
    await fails(
      { ...files, "t.csv": fewer },
      /^data\/t\.csv: the column "code" and the column "image" both name/,
    );
    const folder = writeFiles({ ...files, "t.csv": table });
    const { labels } = await loadDataset(folder, { home: temporaryFolder(), columns: { image: "b" } });
    assert.equal(labels?.examples.find(({ image }) => image === "3.png")?.className, "cat");
    // The same pictures in two columns are no contradiction.
    const same = ["a,b,label", "0,0.png,cat", "1,1.png,dog"];
    assert.deepEqual(await trainOf(FOUR, ...same), { 0: "cat", 1: "dog" });
  });

  it("may lack leading zeros, as after a spreadsheet, or have other extensions, with a note", async () => {
    const files = await pictures("0007.png", "0010.png", "0011.png");
    const table = lines("id,label", "7,cat", "10,dog", "11,cat");
    assert.deepEqual(await labelsOf(writeFiles({ ...files, "t.csv": table })), {
      train: { 0: "cat", 1: "dog", 2: "cat" },
      notes: [
        'data/t.csv: the column "id" is read without regard to extensions and leading zeros: "7" is 0007.png',
      ],
    });
    const other = ["file,label", "a.jpg,cat", "b.jpg,dog"];
    assert.deepEqual(await trainOf(A, ...other), { 0: "cat", 1: "dog" });
    // 7 is 7 if there is one.
    const exact = ["id,label", "07,cat", "7,dog"];
    assert.deepEqual(await trainOf(["07.png", "7.png"], ...exact), { 0: "cat", 1: "dog" });
    await fails(
      { ...(await pictures("07.png", "007.png", "08.png")), "t.csv": lines("id,label", "7,x", "8,y") },
      'data/t.csv, line 2: "7" may be 007.png or 07.png; write the path of the picture into the table',
    );
    // A column of numbers with any name names no pictures that are only alike.
    await fails(
      { ...files, "t.csv": lines("age,label", "7,x", "10,y", "11,x") },
      /no column of data\/t\.csv names/,
    );
  });

  it("is unclear if two folders have the same pictures", async () => {
    const table = lines("file,label", "a.png,cat", "b.png,dog");
    const copies = await pictures(
      "images/a.png",
      "images/b.png",
      "images_resized/a.png",
      "images_resized/b.png",
    );
    await fails(
      { ...copies, "train.csv": table },
      "data: the classes may be the folders images/ and images_resized/, or those of data/train.csv, which differ: give " +
        "data/train.csv to use the table, or move it out of data to use the folders",
    );
    const folder = writeFiles({ ...(await pictures("images/a.png", "images/b.png")), "csv/t.csv": table });
    assert.deepEqual((await labelsOf(folder)).train, { 0: "cat", 1: "dog" });
    await assert.rejects(labelsOf(folder, `${folder}/csv/t.csv`), {
      message: `${folder}/csv/t.csv: there are no pictures in ${folder}/csv: give the folder that contains both the table and its pictures`,
    });
  });
});

describe("the first row", () => {
  it("is data if it names a picture, or one that is missing, or has a class of other rows", async () => {
    const rest = ["a.png,cat", "b.png,dog", "c.png,cat", "d.png,dog"];
    const train = { 0: "cat", 1: "dog", 2: "cat", 3: "dog" };
    for (const [first, plain] of [
      ["zz.png,cat", false],
      ["zz,cat", true],
      ["77,bird", true],
    ] as const) {
      const rows = plain ? rest.map((row) => row.replace(".png", "")) : rest;
      const files = { ...(await pictures(...A)), "t.csv": lines(first, ...rows) };
      assert.deepEqual(await labelsOf(writeFiles(files)), {
        train,
        skipped: [`data/t.csv, line 1: there is no picture "${first.split(",")[0]}"`],
      });
    }
  });

  it("is a header if it has the usual names, even if a picture is named like a column", async () => {
    const rows = ["file,label", "a.png,cat", "b.png,dog", "file.png,cat"];
    assert.deepEqual(await trainOf(["a.png", "b.png", "file.png"], ...rows), {
      0: "cat",
      1: "dog",
      2: "cat",
    });
  });
});

describe("a column of splits", () => {
  it("is known by its name, its words or truth values, in any case, and never is the class", async () => {
    const expected = { train: { 0: "x", 1: "y" }, test: { 2: "x", 3: "y" } };
    for (const [name, train, test] of [
      ["split", "train", "TEST"],
      ["Subset", "Training", "test set"],
      ["data_split", "TRAIN", "test"],
      ["group", "train", "test"],
      ["is_train", "True", "False"],
      ["is_test", "0", "1"],
    ]) {
      const rows = [`${train},a.png,x`, `${train},b.png,y`, `${test},c.png,x`, `${test},d.png,y`];
      const files = { ...(await pictures(...A)), "t.csv": lines(`${name},file,kind`, ...rows) };
      assert.deepEqual(await labelsOf(writeFiles(files)), expected, name);
    }
    const valid = ["file,kind,is_valid", "a.png,x,False", "b.png,y,False", "c.png,x,True", "d.png,y,True"];
    const { validation } = await labelsOf(
      writeFiles({ ...(await pictures(...A)), "t.csv": lines(...valid) }),
    );
    assert.deepEqual(validation, { 2: "x", 3: "y" });
    // Trains and tests may be classes.
    assert.deepEqual(await trainOf(A, "file,class", "a.png,train", "b.png,test"), { 0: "train", 1: "test" });
    await fails(
      { ...(await pictures(...A)), "t.csv": lines("file,fold", "a.png,0", "b.png,1") },
      'data/t.csv names pictures (column "file") but no classes: add a column "label"',
    );
  });

  it("divides pictures in class folders too, if the table has the same classes", async () => {
    const files = await pictures("cats/a.png", "cats/b.png", "dogs/c.png", "dogs/d.png");
    const rows = ["a.png,cat,train", "b.png,cat,test", "c.png,dog,train", "d.png,dog,test"];
    const folder = writeFiles({ ...files, "splits.csv": lines("file,label,split", ...rows) });
    assert.deepEqual(await labelsOf(folder), { train: { 0: "cat", 2: "dog" }, test: { 1: "cat", 3: "dog" } });
  });

  it("with other values is an error that names them", async () => {
    const files = await pictures(...A);
    const fix = "write train, val or test, or rename the column if it means something else";
    await fails(
      { ...files, "t.csv": lines("file,label,split", "a.png,x,train", "b.png,y,holdback", "c.png,x,test") },
      `data/t.csv: the column "split" has "holdback" for a split: ${fix}`,
    );
    await fails(
      { ...files, "t.csv": lines("file,label,subset", "a.png,x,train", "b.png,y,", "c.png,x,test") },
      `data/t.csv: the column "subset" has nothing for a split: ${fix}`,
    );
    // "dataset" may be the source of a picture.
    const sources = ["file,label,dataset", "a.png,x,north", "b.png,y,south"];
    assert.deepEqual(await trainOf(A, ...sources), { 0: "x", 1: "y" });
  });
});

describe("classes in tables", () => {
  it("are one for each picture: lists are refused, as lists or as text", async () => {
    const files = await pictures(...A);
    for (const [one, several] of [
      ["cat", '"cat,dog"'],
      ["cat", "cat|dog"],
      ["cat", "cat dog"],
      ["['cat']", "\"['cat', 'dog']\""],
    ]) {
      const rows = [`a.png,${one}`, "b.png,dog", `c.png,${several}`, "d.png,dog"];
      await fails(
        { ...files, "t.csv": lines("file,label", ...rows) },
        /^data\/t\.csv: the column "label" has several classes in one value \(.*set label_column to "label" if that is the name of a class$/,
      );
    }
    const row = (name: string, rest: object) => JSON.stringify({ file_name: name, ...rest });
    for (const [key, first] of [
      ["label", { label: ["cat", "dog"], site: "x" }],
      ["objects", { objects: { categories: [1] }, width: 3 }],
    ] as const) {
      await fails(
        { ...files, "metadata.jsonl": lines(row("a.png", first), row("b.png", { site: "y", width: 4 })) },
        `data/metadata.jsonl: "${key}" has lists or objects, as for several classes or boxes, but a classifier needs one class ` +
          'for each picture: add a column "label" of text or numbers',
      );
    }
    // Names of several words, or with a comma, are classes.
    for (const names of [
      ["golden retriever", "golden eagle", "bald eagle"],
      ['"maillot, tank suit"', "maillot", "suit"],
    ]) {
      const rows = names.map((name, i) => `${A[i]},${name}`);
      assert.equal(Object.keys((await trainOf(A, "file,label", ...rows))!).length, 3);
    }
    const chosen = writeFiles({
      ...files,
      "t.csv": lines("file,label", "a.png,hot", "b.png,dog", "c.png,hot dog"),
    });
    const { classNames, notes } = await loadDataset(chosen, {
      home: temporaryFolder(),
      columns: { label: "label" },
    });
    assert.deepEqual(classNames, ["dog", "hot", "hot dog"]);
    assert.deepEqual(notes?.slice(0, 1), [
      `${chosen}/t.csv: "hot dog" in the column "label" is one class, as label_column is set to "label"`,
    ]);
  });

  it("are never those of the first of two columns with the same name", async () => {
    const files = await pictures(...FOUR);
    const table = lines("file,label,label", "0.png,x,a", "1.png,x,b", "2.png,y,a", "3.png,y,b");
    await fails(
      { ...files, "t.csv": table },
      'data/t.csv: it is unclear which of the columns "label", "label" contains the classes: say which one, such as ' +
        "--set label_column='column 2'",
    );
    const folder = writeFiles({ ...files, "t.csv": table });
    const read = (label: string) => loadDataset(folder, { home: temporaryFolder(), columns: { label } });
    await assert.rejects(read("label"), {
      message:
        /t\.csv has several columns "label": say which one by its place, label_column="column 2" or "column 3"$/,
    });
    assert.deepEqual((await read("column 3")).classNames, ["a", "b"]);
    const other = lines("file,label,Labels", "0.png,x,a", "1.png,x,b", "2.png,y,a", "3.png,y,b");
    await fails({ ...files, "t.csv": other }, /unclear which of the columns "label", "Labels" contains/);
    // Those that say the same are no contradiction, nor is a less usual name.
    for (const second of ["label", "target"])
      assert.deepEqual(await trainOf(FOUR, `file,label,${second}`, "0,x,1", "1,y,2"), { 0: "x", 1: "y" });
    const more = await trainOf(FOUR, "file,label,target", "0,x,1", "1,y,2", "2,x,2");
    assert.deepEqual(more, { 0: "x", 1: "y", 2: "x" });
  });

  it("of many digits are different if one digit is", async () => {
    const row = (name: string, label: string) => `{"file_name": "${name}", "label": ${label}}`;
    const labels = ["9007199254740993", "9007199254740992", "1.50", "-9007199254740995"];
    const files = {
      ...(await pictures(...A)),
      "metadata.jsonl": lines(...labels.map((label, i) => row(A[i], label))),
    };
    const expected = { 0: labels[0], 1: labels[1], 2: "1.5", 3: labels[3] };
    assert.deepEqual((await labelsOf(writeFiles(files))).train, expected);
    // What is within a text is no number, also in a very long one with escapes.
    const long = `\\"1234567890123456789\\\\${"a\\n".repeat(2_000_000)}`;
    const value = parseExactly(
      `{"a": 12345678901234567890, "b": "${long}", "c": [-12345678901234567, 1e300]}`,
    );
    const b = JSON.parse(`"${long}"`);
    assert.deepEqual(value, { a: 12345678901234567890n, b, c: [-12345678901234567n, 1e300] });
  });

  it("are the same as 1 and 1.0, also in a repeated row; those that only look alike get a note", async () => {
    const rows = ["file,label", "a.png,1.0", "a.png,1", "b.png,2"];
    assert.deepEqual(await trainOf(A, ...rows), { 0: "1", 1: "2" });
    const { notes } = await labelsOf(
      writeFiles({
        ...(await pictures(...A)),
        "t.csv": lines("file,label", "a.png,big cat", "b.png,big  cat", "c.png,1.0", "d.png,1"),
      }),
    );
    assert.deepEqual(notes, [
      '"1" and "1.0" are two classes; write them alike if they are one',
      '"big  cat" and "big cat" are two classes; write them alike if they are one',
    ]);
  });

  it("may be missing, as pandas, R and Excel write it", async () => {
    for (const missing of ["NaN", "NA", "<NA>", "#N/A", "null", ""]) {
      const rows = ["file,label", "a.png,x", "b.png,y", `c.png,${missing}`];
      assert.deepEqual(await trainOf(A, ...rows), { 0: "x", 1: "y" }, missing);
    }
    // None is the class of pictures without a defect.
    assert.deepEqual(await trainOf(A, "file,label", "a.png,None", "b.png,scratch"), {
      0: "None",
      1: "scratch",
    });
  });

  it("are not what describes a file", async () => {
    await fails(
      { ...(await pictures(...A)), "t.csv": lines("file,width", "a.png,2", "b.png,3") },
      'data/t.csv names pictures (column "file") but no classes: add a column "label"',
    );
  });

  it("are read in files that Excel and several programs wrote", async () => {
    const rows = ["file;label", "a.png;cat", "b.png;dog"];
    for (const text of [
      `\ufeffsep=;\r\n${rows.join("\r\n")}\r\n`,
      `\ufeff${rows.map((row) => `"${row.replace(";", '";"')}"`).join("\r\n")}`,
      `${rows[0]}\r\n${rows[1]}\n${rows[2]}\r\n`,
      `${rows.join("\r")}\r`,
    ]) {
      const folder = writeFiles({ ...(await pictures(...A)), "t.csv": text });
      assert.deepEqual((await labelsOf(folder)).train, { 0: "cat", 1: "dog" }, JSON.stringify(text));
    }
  });
});
