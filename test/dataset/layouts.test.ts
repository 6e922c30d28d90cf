import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemPath } from "../../src/common/path-bytes.ts";
import { describeSource } from "../../src/dataset/describe.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { listFolder } from "../../src/dataset/readers/folder-list.ts";
import { LayoutError } from "../../src/dataset/readers/layout-error.ts";
import { SHEET_TEXT } from "../../src/dataset/readers/own-output.ts";
import { splitOfTable, splitsAmong } from "../../src/dataset/readers/split-names.ts";
import { imageAt } from "../../src/image/batch.ts";
import { idx, picture, temporaryFolder, writeFiles } from "./fixtures/files.ts";

/** A folder with these files; a name that ends in `/` is an empty folder. What is in the files does not matter here. */
function folderOf(...names: string[]): string {
  const folder = writeFiles(
    Object.fromEntries(names.filter((name) => !name.endsWith("/")).map((n) => [n, "x"])),
  );
  for (const name of names.filter((each) => each.endsWith("/")))
    mkdirSync(join(folder, name), { recursive: true });
  return folder;
}

/** Two pictures of each class, in these folders. */
function classesIn(above: string, classes = ["cats", "dogs"]): string[] {
  return classes.flatMap((name) => [0, 1].map((i) => `${above}${name}/${i}.png`));
}

/** The number of pictures of each class, per split; and the notes. */
function listed(folder: string) {
  const { classNames, groups, notes } = listFolder(folder);
  const splits: Record<string, Record<string, number>> = {};
  for (const { split, label, files } of groups) {
    splits[split] = { ...splits[split], [classNames[label]]: files.length };
  }
  return { ...splits, notes: notes.map((note) => note.replaceAll(folder, "data")) };
}

const PAIR = { cats: 2, dogs: 2 };

/** Asserts the message of the error, in which `data` is the folder, and the path that is meant. */
function fails(names: readonly string[], message: string, meant?: string): void {
  const folder = folderOf(...names);
  assert.throws(
    () => listFolder(folder),
    (error) => {
      assert.ok(error instanceof LayoutError, String(error));
      assert.equal(error.message.replaceAll(folder, "data"), message);
      assert.equal(error.meant?.replaceAll(folder, "data"), meant);
      return true;
    },
  );
}

describe("splits by their names", () => {
  it("are recognised in any case, with fillers, and twice", () => {
    const names = [
      ["train", "val", "test"],
      ["Training", "Validation", "Testing"],
      ["seg_train/seg_train", "seg_val/seg_val", "seg_test/seg_test"],
      ["training_set/training_set", "val", "test_set/test_set"],
      ["training_set", "dev_set", "test_set"],
      ["TrainingSet", "ValidationSet", "TestSet"],
      ["train_data", "val_data", "test_data"],
      ["train_images", "valid_images", "test_images"],
      ["train2017", "val2017", "test2017"],
      ["trainset", "devset", "testset"],
      ["TRAIN", "DEV", "EVAL"],
      ["alphabet_train", "alphabet_val", "alphabet_test"],
      ["train-cropped", "val-cropped", "test-cropped"],
      ["training", "validation", "evaluation"],
    ];
    for (const splits of names) {
      const folder = folderOf(...splits.flatMap((split) => classesIn(`${split}/`)));
      assert.deepEqual(listed(folder), { train: PAIR, validation: PAIR, test: PAIR, notes: [] }, splits[0]);
    }
  });

  it("are not any names that contain these words", () => {
    const others = [
      "bullet_train",
      "crash test",
      "contest",
      "constrain",
      "devil",
      "train_test_split",
      "images",
    ];
    assert.deepEqual([...splitsAmong(others)], []);
    assert.deepEqual(
      [...splitsAmong(["train_val", "test1"])],
      [
        ["train_val", "train"],
        ["test1", "test"],
      ],
    );
    assert.deepEqual(
      ["train", "train_labels", "labels_train", "Testing_set", "labels", "_classes", "metadata"].map(
        splitOfTable,
      ),
      ["train", "train", "train", "test", undefined, undefined, undefined],
    );
  });

  it("are set aside with a note if they have no labels, or other classes", () => {
    assert.deepEqual(listed(folderOf(...classesIn("train/"), "test/0.png", "test/1.png")), {
      train: PAIR,
      notes: ["test/ is set aside: its 2 pictures are not in class folders"],
    });
    assert.deepEqual(listed(folderOf(...classesIn("train/"), "test/unknown/0.png", "val/")), {
      train: PAIR,
      notes: [
        'test/ is set aside: data/train has no class "unknown"',
        "val/ is set aside: it contains no pictures",
      ],
    });
    assert.deepEqual(listed(folderOf(...classesIn(""), "test/0.png")), {
      train: PAIR,
      notes: [
        "test/ is set aside: its 1 picture is not in class folders; rename the folder if it is a class",
      ],
    });
    assert.deepEqual(listed(folderOf("bus/0.png", "car/0.png", "train/0.png")), {
      train: { bus: 1, car: 1, train: 1 },
      notes: ["train/ is taken as a class, like bus/ and car/"],
    });
  });

  it("may have accents written in another way", () => {
    const folder = folderOf(
      "train/caf\u00e9/0.png",
      "train/tea/0.png",
      "val/cafe\u0301/0.png",
      "val/tea/0.png",
    );
    assert.deepEqual(listed(folder), {
      train: { café: 1, tea: 1 },
      validation: { café: 1, tea: 1 },
      notes: [],
    });
  });

  it("are errors if they cannot be what is meant", () => {
    fails(
      ["train/0.png", "test/1.png", "train.txt"],
      "data: test/ and train/ look like splits, but they have no class folders: put the pictures of each class into a " +
        "separate folder, such as train/cats/, or add a CSV file of their labels (docs/data-layouts.md)",
    );
    fails(
      ["train/", "test/"],
      "data: test/ and train/ are empty: put one folder of pictures per class into train/",
    );
    fails(["train/"], "data: train/ is empty: put one folder of pictures per class into train/");
    fails(
      [...classesIn("val/"), ...classesIn("test/")],
      "data has test/ and val/ but no train/ folder: name the folder of training pictures train/, or give data/test alone",
    );
    fails(
      [...classesIn(""), ...classesIn("test/")],
      "data has test/ but no train/ folder: put cats/ and dogs/ into data/train/ if they are the classes",
    );
    fails(
      ["train/0.png", ...classesIn("val/")],
      "data has val/ with class folders, but the pictures in train/ are not in class folders: put those of each class " +
        "into a separate folder, such as train/cats/",
    );
    fails(
      [...classesIn("cats/", ["train", "test"]), ...classesIn("dogs/", ["train", "test"])],
      "data: cats/ and dogs/ contain splits (test/ and train/): put the classes into the splits, such as train/cats/ " +
        "instead of cats/train/",
    );
    fails(
      [...classesIn("alpha/"), ...classesIn("beta/"), "beta/readme.txt"],
      "data: alpha/ and beta/ contain only folders, and the same ones (cats/ and dogs/): if they are splits, name them " +
        "train/, val/ and test/; if they are classes, put their pictures directly into them",
    );
  });
});

describe("folders of another level", () => {
  it("are named in the error", () => {
    const one = "data contains a single folder, with";
    fails(classesIn("flowers/"), `${one} cats/ and dogs/ in it: give data/flowers`, "data/flowers");
    fails(classesIn("a/b/"), `${one} cats/ and dogs/ in it: give data/a/b`, "data/a/b");
    fails(
      [...classesIn("set/train/"), ...classesIn("set/test/")],
      `${one} test/ and train/ in it: give data/set`,
      "data/set",
    );
    fails(classesIn("set/train/"), `${one} train/ in it: give data/set`, "data/set");
    fails(
      [...classesIn("A/train/"), ...classesIn("A/val/"), ...classesIn("B/train/"), ...classesIn("B/val/")],
      "data: A/ and B/ contain splits (train/ and val/): give one dataset, such as data/A",
      "data/A",
    );
    fails(
      [...classesIn("images/"), "annotations/0.xml"],
      "data/annotations contains no pictures, and data/images contains cats/ and dogs/: give data/images",
      "data/images",
    );
    fails(
      ["images/0.png", "masks/0.png"],
      "data: images/ and masks/ look like pictures and annotations for another task, not like classes: put the pictures " +
        "of each class into a separate folder, or add a CSV file of their labels (docs/data-layouts.md)",
    );
    const folder = folderOf(...classesIn("photos/"));
    assert.throws(
      () => listFolder(join(folder, "photos", "cats")),
      (error) => {
        assert.ok(error instanceof LayoutError);
        assert.match(
          error.message,
          /cats contains 2 files but no class folders: .*; or give .*photos if this is one of/,
        );
        assert.equal(error.meant, join(folder, "photos"));
        return true;
      },
    );
  });

  it("are classes if their pictures can be taken together", () => {
    assert.deepEqual(listed(folderOf("a/images/0.png", "a/boxes.txt", "b/images/0.png", "b/boxes.txt")), {
      train: { a: 1, b: 1 },
      notes: [],
    });
    assert.deepEqual(listed(folderOf(...classesIn("animals/"), ...classesIn("plants/", ["rose", "tulip"]))), {
      train: { animals: 4, plants: 4 },
      notes: [
        "the classes are animals/ and plants/, each with the pictures of all folders in it (animals/: cats/ and dogs/); " +
          "if those are the classes, give the folder that contains them",
      ],
    });
  });

  it("are named also if they contain data of another form", async () => {
    const values = Uint8Array.from({ length: 24 }, (_, i) => i);
    const raw = {
      "MNIST/raw/train-images-idx3-ubyte": idx([4, 2, 3], values),
      "MNIST/raw/train-labels-idx1-ubyte": idx([4], [0, 1, 0, 1]),
    };
    const folder = writeFiles(raw);
    await assert.rejects(loadDataset(folder, { home: temporaryFolder() }), (error) => {
      assert.ok(error instanceof LayoutError);
      const place = join(folder, "MNIST", "raw");
      assert.equal(
        error.message,
        `${folder} contains no pictures, but there are other data in ${place}: give ${place}`,
      );
      assert.equal(error.meant, place);
      return true;
    });
    // Some archives have each file in a folder of its name, with or without the file beside it.
    const images = idx([4, 2, 3], values);
    const labels = idx([4], [0, 1, 0, 1]);
    const inner = {
      "train-images-idx3-ubyte/train-images-idx3-ubyte": images,
      "train-labels-idx1-ubyte/train-labels-idx1-ubyte": labels,
    };
    const beside = { "train-images.idx3-ubyte": images, "train-labels.idx1-ubyte": labels };
    for (const files of [inner, { ...inner, ...beside, "._train-images-idx3-ubyte": "x" }]) {
      const { train } = await loadDataset(writeFiles(files), { home: temporaryFolder() });
      assert.deepEqual([...train.labels], [0, 1, 0, 1]);
    }
  });
});

describe("classes without pictures", () => {
  it("are said to be empty only if they are", () => {
    const two = classesIn("");
    const text = 'class "birds" (data/birds)';
    fails([...two, "birds/"], `${text} is empty: add pictures or remove it`);
    fails([...two, "birds/a/b/"], `${text} contains only empty folders: add pictures`);
    fails(
      [...two, "birds/.DS_Store"],
      `${text} has no pictures, only hidden files or files of the system: add pictures`,
    );
    fails(
      [...two, "birds/a.heic", "birds/b.HEIC", "birds/deeper/c.txt"],
      `${text} has no picture that can be read, only 2 .heic files and 1 .txt file: save its pictures as PNG or JPEG, or ` +
        "give a folder that contains only class folders",
    );
  });
});

describe("junk and our own outputs", () => {
  it("are passed over everywhere", () => {
    const junk = [
      "@eaDir/cats/SYNOPHOTO_THUMB_M.jpg",
      "cats/@eaDir/0.png/SYNOPHOTO_THUMB_M.jpg",
      "cats/@eaDir/0.png@SynoEAStream",
      "cats/0.png@SynoEAStream",
      "$RECYCLE.BIN/a.png",
      "System Volume Information/a.png",
      "lost+found/a.png",
      "#recycle/a.png",
      "@Recycle/a.png",
      "__pycache__/a.pyc",
      "__MACOSX/cats/._0.png",
      "cats/._0.png",
      "cats/.ipynb_checkpoints/0-checkpoint.png",
      "dogs/Thumbs.db",
    ];
    assert.deepEqual(listed(folderOf(...classesIn(""), ...junk)), { train: PAIR, notes: [] });
    const split = folderOf(...classesIn("train/"), ...junk.map((name) => `train/${name}`), ...junk);
    assert.deepEqual(listed(split), { train: PAIR, notes: [] });
    assert.deepEqual(
      listFolder(split).skipped.map(({ path }) => path),
      [join(split, "cats"), join(split, "dogs")],
    );
  });

  it("are never classes, regardless of the names of their folders", () => {
    const run = (format: string) => JSON.stringify({ format, version: 1 }, null, 2);
    const folder = folderOf(...classesIn(""));
    writeFiles(
      {
        "reports/experiments/2026/experiment.json": run("deepaugment-experiment"),
        "reports/experiments/2026/notebook.csv": "x",
        "reports/evaluations/2026/evaluation.json": run("deepaugment-evaluation"),
        "reports/evaluations/2026/best-model/model.json": "{}",
        "reports/sheet.png": `${" ".repeat(41)}${SHEET_TEXT}`,
        "reports/notes.txt": "x",
        "runs/2026/evaluation.json": run("deepaugment-evaluation"),
        "augmented/apply.json": run("deepaugment-apply"),
        "augmented/cats/0_aug1.png": "x",
        "cats/preview.png": `${" ".repeat(41)}${SHEET_TEXT}`,
        "cats/augmented/apply.json": run("deepaugment-apply"),
        "cats/augmented/cats/0.png": "x",
      },
      folder,
    );
    assert.deepEqual(listed(folder), { train: PAIR, notes: [] });
    assert.deepEqual(listed(folderOf(...classesIn(""), "reports/experiments/")), { train: PAIR, notes: [] });
    // A class may be called so, and the training pictures may be an output.
    assert.deepEqual(listed(folderOf("invoices/0.png", "reports/0.png")), {
      train: { invoices: 1, reports: 1 },
      notes: [],
    });
    const augmented = folderOf(...classesIn("train/"), ...classesIn("val/"));
    writeFileSync(join(augmented, "train", "apply.json"), run("deepaugment-apply"));
    assert.deepEqual(listed(augmented), { train: PAIR, validation: PAIR, notes: [] });
  });
});

describe("names that are not UTF-8", { skip: process.platform !== "linux" }, () => {
  it("are read as bytes, and shown as Latin-1", async () => {
    const folder = folderOf();
    for (const [i, name] of ["caf\udce9", "tea"].entries()) {
      mkdirSync(systemPath(join(folder, name)));
      writeFileSync(systemPath(join(folder, name, "\udce9t\udce9.png")), await picture(2, 2, i + 1));
      writeFileSync(systemPath(join(folder, name, "\udce9t\udce9.txt")), "x");
    }
    const home = temporaryFolder();
    const { classNames, train, skipped } = await loadDataset(folder, { home });
    assert.deepEqual(classNames, ["café", "tea"]);
    assert.deepEqual([imageAt(train.images, 0)[0], imageAt(train.images, 1)[0]], [1, 2]);
    assert.deepEqual(
      skipped.map(({ path }) => path),
      [join(folder, "café", "été.txt"), join(folder, "tea", "été.txt")],
    );
    // The same from the cache.
    assert.deepEqual((await loadDataset(folder, { home })).classNames, classNames);
    mkdirSync(join(folder, "café"));
    writeFileSync(join(folder, "café", "1.png"), await picture(2, 2, 9));
    await assert.rejects(
      loadDataset(folder, { home }),
      /has two folders named "café", in different encodings: rename/,
    );
  });
});

describe("a folder with the name of a dataset", () => {
  it("wins over the dataset, with a note", async () => {
    const files = { "MNIST/a/0.png": await picture(2, 2, 1), "MNIST/b/0.png": await picture(2, 2, 2) };
    const before = process.cwd();
    process.chdir(writeFiles({ ...files, "cifar10/notes.txt": "x" }));
    try {
      const home = temporaryFolder();
      const note =
        "MNIST is read as the folder of this name, not as the dataset mnist; rename the folder to read that";
      for (let time = 0; time < 2; time++) {
        const { classNames, notes } = await loadDataset("MNIST", { home });
        assert.deepEqual([classNames, notes], [["a", "b"], [note]]);
      }
      assert.equal((await loadDataset("./MNIST", { home })).notes, undefined);
      assert.deepEqual((await describeSource("MNIST", { home })).notes, [note]);
      await assert.rejects(
        loadDataset("cifar10", { home }),
        /^UsageError: cifar10 contains no class folders.* \(cifar10 is read as the folder of this name, not as the/,
      );
    } finally {
      process.chdir(before);
    }
  });
});
