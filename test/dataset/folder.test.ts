import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { InterruptedError, UsageError } from "../../src/common/errors.ts";
import type { Progress } from "../../src/dataset/reader.ts";
import { decodeAll } from "../../src/dataset/readers/decode.ts";
import { type DecodedFile, decodeInWorker } from "../../src/dataset/readers/decode-task.ts";
import { folderReader } from "../../src/dataset/readers/folder.ts";
import { listFolder } from "../../src/dataset/readers/folder-list.ts";
import { surveyPictures } from "../../src/dataset/readers/pictures.ts";
import { imageAt } from "../../src/image/batch.ts";
import { picture, temporaryFolder, writeFiles } from "./fixtures/files.ts";

async function fails(path: string, expected: RegExp): Promise<void> {
  await assert.rejects(folderReader.read(path, {}), (error: Error) => {
    assert.ok(error instanceof UsageError, String(error.stack));
    assert.match(error.message, expected);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

describe("folderReader", () => {
  it("reads one folder per class, sorted, and ignores files that are not pictures", async () => {
    const small = await picture(4, 6, 10);
    const folder = writeFiles({
      "dog/b.png": await picture(4, 6, 20),
      "dog/a.png": small,
      "dog/.hidden.png": "no",
      "dog/Thumbs.db": "no",
      "dog/notes.txt": "hello",
      "dog/damaged.jpg": "no",
      "cat/deeper/c": await picture(4, 6, 30, "jpg"),
      "10/d.PNG": small,
      "2/e.png": small,
      ".git/f.png": small,
      "readme.md": "hello",
      "loose.png": small,
    });
    symlinkSync(join(folder, "nowhere"), join(folder, "cat", "broken.png"));
    symlinkSync(join(folder, "cat"), join(folder, "cat", "deeper", "around"));
    symlinkSync(join(folder, "dog", "b.png"), join(folder, "cat", "linked.png"));
    const { classNames, train, validation, test, skipped } = await folderReader.read(folder, {});
    assert.deepEqual(classNames, ["10", "2", "cat", "dog"]);
    assert.deepEqual([...train.labels], [0, 1, 2, 2, 3, 3]);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((i) => imageAt(train.images, i)[0]),
      [10, 10, 30, 20, 10, 20],
    );
    assert.deepEqual([train.images.height, train.images.width], [4, 6]);
    assert.equal(train.images.data.length, 6 * 4 * 6 * 3);
    assert.equal(validation ?? test, undefined);
    assert.deepEqual(
      skipped.map(({ path, reason }) => `${basename(path)}: ${reason}`),
      [
        "broken.png: it is a broken link: there is no such file or folder",
        "around: it links to a folder that contains it",
        "damaged.jpg: it is text, not a picture: remove it, or replace it by the picture",
        "notes.txt: it is text, not a picture",
        "loose.png: it is not in a class folder",
      ],
    );
  });

  it("does not take the pictures of other classes through a link to a folder above", async () => {
    const small = await picture(4, 6, 10);
    const folder = writeFiles({ "cat/a.png": small, "dog/b.png": small });
    symlinkSync("..", join(folder, "cat", "up"));
    symlinkSync(".", join(folder, "dog", "same"));
    symlinkSync(join(folder, "dog"), join(folder, "cat", "dogs"));
    const { train, skipped } = await folderReader.read(folder, {});
    assert.deepEqual([...train.labels], [0, 0, 1]);
    assert.deepEqual(
      skipped.map(({ path, reason }) => `${basename(path)}: ${reason}`),
      [
        "same: it links to a folder that contains it",
        "up: it links to a folder that contains it",
        "same: it links to a folder that contains it",
      ],
    );
  });

  it("refuses folders with links to each other, which have more paths than can be read", async () => {
    const small = await picture(4, 6, 10);
    const numbers = Array.from({ length: 12 }, (_, i) => i);
    const folder = writeFiles({
      "cat/a.png": small,
      "dog/b.png": small,
      ...Object.fromEntries(numbers.map((i) => [`dog/${i}/notes.txt`, "hello"])),
    });
    for (const i of numbers) {
      for (const j of numbers)
        if (i !== j) symlinkSync(join("..", `${j}`), join(folder, "dog", `${i}`, `to-${j}`));
    }
    await fails(
      folder,
      /: links between folders have led to the same ones more than 3000 times: remove such links$/,
    );
  });

  it("reads folders in folders, a thousand levels deep", async () => {
    const small = await picture(4, 6, 10);
    const folder = writeFiles({ "cat/a.png": small, [`dog/${"d/".repeat(1000)}b.png`]: small });
    const { train } = await folderReader.read(folder, {});
    assert.deepEqual([...train.labels], [0, 1]);
  });

  it("respects splits, whose classes are those of train/", async () => {
    const file = await picture(2, 2, 1);
    const folder = writeFiles({
      "train/a/1.png": file,
      "train/b/2.png": file,
      "val/b/3.png": file,
      "Test/a/4.png": file,
      "Test/b/5.png": file,
      "extra/6.png": file,
    });
    const { classNames, train, validation, test, skipped } = await folderReader.read(folder, {});
    assert.deepEqual(classNames, ["a", "b"]);
    assert.deepEqual([...train.labels], [0, 1]);
    assert.deepEqual([...validation!.labels], [1]);
    assert.deepEqual([...test!.labels], [0, 1]);
    assert.deepEqual(
      skipped.map(({ path }) => basename(path)),
      ["extra"],
    );
    // A class may be called "train", beside others.
    const { classNames: names } = listFolder(writeFiles({ "bus/1.png": file, "train/2.png": file }));
    assert.deepEqual(names, ["bus", "train"]);
  });

  it("resizes to image_size, and asks for it if sizes are mixed", async () => {
    const folder = writeFiles({
      "a/1.png": await picture(4, 6, 10),
      "a/2.png": await picture(9, 5, 20),
      "b/3.png": await picture(9, 5, 30),
    });
    await fails(
      folder,
      /^pictures differ in size \(4 x 6: .*1\.png; 9 x 5: .*2\.png\): set image_size to resize them/,
    );
    const { train } = await folderReader.read(folder, { imageSize: 5 });
    assert.deepEqual([train.images.count, train.images.height, train.images.width], [3, 5, 5]);
    assert.deepEqual(
      [0, 1, 2].map((i) => [...new Set(imageAt(train.images, i))]),
      [[10], [20], [30]],
    );
    const { sizes, counts } = await surveyPictures(listFolder(folder), {});
    assert.deepEqual(sizes, [
      { height: 9, width: 5, count: 2 },
      { height: 4, width: 6, count: 1 },
    ]);
    assert.deepEqual(counts, { train: [2, 1] });
  });

  it("decodes many pictures in worker processes, with the same result", async () => {
    const files: Record<string, Uint8Array | string> = {};
    for (let i = 0; i < 60; i++)
      files[`${i % 2 ? "a" : "b"}/${String(i).padStart(2, "0")}.png`] = await picture(3, 3, i);
    files["a/05.png"] = "damaged";
    files["b/30.png"] = "";
    const folder = writeFiles(files);
    const progress: Progress[] = [];
    const { train, skipped } = await folderReader.read(folder, {
      workers: 2,
      onProgress: (p) => progress.push(p),
    });
    const odd = Array.from({ length: 30 }, (_, i) => 2 * i + 1).filter((i) => i !== 5);
    const even = Array.from({ length: 30 }, (_, i) => 2 * i).filter((i) => i !== 30);
    assert.deepEqual(
      Array.from({ length: train.images.count }, (_, i) => imageAt(train.images, i)[0]),
      [...odd, ...even],
    );
    assert.deepEqual(
      skipped.map(({ path, reason }) => `${basename(path)}: ${reason}`),
      [
        "05.png: it is text, not a picture: remove it, or replace it by the picture",
        "30.png: the file is empty",
      ],
    );
    assert.equal(progress.length, 4);
    assert.deepEqual(progress.at(-1), { stage: "decoding pictures", done: 60, total: 60, unit: "images" });
    const abort = new AbortController();
    const aborted = folderReader.read(folder, {
      workers: 1,
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await assert.rejects(aborted, InterruptedError);
  });

  it("skips files that kill the process that decodes them or keep it busy, and no others", async () => {
    const names = Array.from({ length: 50 }, (_, i) => `${i}.png`);
    names[0] = "deadly.png";
    names[20] = "endless.png";
    names[21] = "deadly again.png";
    const files: Record<string, Uint8Array> = {};
    for (const [i, name] of names.entries()) files[name] = await picture(2, 2, i);
    const folder = writeFiles(files);
    const command = {
      file: process.execPath,
      args: [fileURLToPath(new URL("fixtures/deadly-decoder.ts", import.meta.url))],
    };
    const taken: DecodedFile[] = [];
    const take = (file: DecodedFile, i: number) => {
      assert.equal(taken[i], undefined);
      taken[i] = file;
    };
    const paths = names.map((name) => join(folder, name));
    await decodeAll(paths, {}, { workers: 2 }, take, { command, silenceLimit: 5000 });
    assert.equal(taken.length, 50);
    for (const [i, name] of names.entries()) {
      const file = taken[i];
      if (name.includes("endless")) {
        assert.ok("reason" in file);
        const reason =
          /^a process ended twice while working on it: killed because it reported nothing for \d+ s$/;
        assert.match(file.reason, reason);
      } else if (name.includes("deadly")) {
        assert.ok("reason" in file);
        assert.match(file.reason, /^a process ended twice while working on it: killed by SIGKILL/);
      } else assert.ok("data" in file && file.data![0] === i);
    }
  });

  it("decodes large pictures in tasks of their own, among small ones", async () => {
    const side = 4200;
    const large = await picture(side, side, 7);
    const names = ["0.png", "large 1.png", "2.png", "large 3.png", "large and cut off.png"];
    const files: Record<string, Uint8Array> = {};
    for (const [i, name] of names.entries())
      files[name] = name.startsWith("large") ? large : await picture(2, 2, i);
    files["large and cut off.png"] = large.subarray(0, large.length >> 1);
    const folder = writeFiles(files);
    const paths = names.map((name) => join(folder, name));
    assert.deepEqual(
      (await decodeInWorker({ paths, imageSize: 2 }, () => {})).map((file) => "isLarge" in file),
      [false, true, false, true, true],
    );
    const taken: DecodedFile[] = [];
    await decodeAll(paths, { imageSize: 2 }, { workers: 1 }, (file, i) => {
      assert.equal(taken[i], undefined);
      taken[i] = file;
    });
    const values = taken.map((file) => ("reason" in file ? file.reason : file.data![0]));
    assert.deepEqual(values.slice(0, 4), [0, 7, 2, 7]);
    assert.match(String(values[4]), /the file ends before its pixels do/);
  });

  it("says what is wrong with a folder", async () => {
    const file = await picture(2, 2, 1);
    await fails(temporaryFolder(), /contains no class folders: expected one folder of pictures per class$/);
    await fails(
      writeFiles({ "1.png": file, "2.png": file }),
      /contains 2 files but no class folders: put the pictures/,
    );
    const empty = writeFiles({ "a/1.png": file });
    mkdirSync(join(empty, "b"));
    await fails(empty, /^class "b" \(.*\) is empty: add pictures or remove it$/);
    const undecodable = writeFiles({ "a/1.png": file, "b/2.png": "no" });
    await fails(
      undecodable,
      /^class "b" \(.*\) has no picture that can be decoded \(.*2\.png: it is text, not a picture.*\): add/,
    );
    const unknown = writeFiles({ "train/a/1.png": file, "train/b/2.png": file, "val/c/3.png": file });
    await fails(unknown, /val.c: .*train has no class "c"; every class needs training pictures$/);
    await fails(
      writeFiles({ "test/a/1.png": file, "val/b/2.png": file }),
      /has test\/ and val\/ but no train\/ folder: name the folder of training pictures train\/, or give .*test alone$/,
    );
    const twice = writeFiles({ "train/a/1.png": file, "val/a/2.png": file, "valid/a/2.png": file });
    await fails(twice, /two folders for the same split \(val\/, valid\/\)/);
  });
});
