import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { checkContent, type DatasetContent } from "../../src/dataset/reader.ts";
import { cifarReader } from "../../src/dataset/readers/cifar.ts";
import { unpickle } from "../../src/dataset/readers/pickle.ts";
import { PickledArray } from "../../src/dataset/readers/pickle-values.ts";
import { imageAt } from "../../src/image/batch.ts";
import {
  cifar10Binary,
  cifar10Python,
  cifar100Binary,
  records,
  tarGz,
  valueAt,
  writeFiles,
} from "./fixtures/files.ts";

const read = (path: string) => {
  assert.ok(cifarReader.recognises(path), path);
  return cifarReader.read(path, {});
};

async function fails(path: string, expected: RegExp): Promise<void> {
  await assert.rejects(read(path), (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.match(error.message, expected);
    assert.ok(!error.message.includes("\n"));
    return true;
  });
}

function checkPixels(content: DatasetContent, first: number): void {
  const { images } = content.train;
  for (let i = 0; i < images.count; i++) {
    const pixels = imageAt(images, i);
    for (const [channel, y, x] of [
      [0, 0, 0],
      [1, 3, 31],
      [2, 31, 7],
    ]) {
      assert.equal(pixels[(y * 32 + x) * 3 + channel], valueAt(first + i, channel, y, x));
    }
  }
}

describe("cifarReader", () => {
  it("reads CIFAR-10's binary version, extracted and packed", async () => {
    const files = cifar10Binary();
    const packed = writeFiles({ "a.tar.gz": await tarGz(files, "cifar-10-batches-bin") });
    const folder = writeFiles(files);
    const above = writeFiles(
      Object.fromEntries(Object.entries(files).map(([name, file]) => [`cifar-10-batches-bin/${name}`, file])),
    );
    for (const path of [join(packed, "a.tar.gz"), folder, above]) {
      const content = await read(path);
      assert.deepEqual(content.classNames, ["cat", "dog"]);
      assert.deepEqual([...content.train.labels], [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
      assert.deepEqual([...content.test!.labels], [1]);
      checkPixels(content, 0);
    }
    assert.equal(cifarReader.files(folder).length, 7);
  });

  it("reads CIFAR-100's binary version with its fine labels", async () => {
    const content = await read(writeFiles(cifar100Binary()));
    assert.deepEqual(content.classNames, ["apple", "bear"]);
    assert.deepEqual([...content.train.labels], [0, 1]);
    assert.deepEqual([...content.test!.labels], [1]);
    checkPixels(content, 0);
  });

  it("reads the Python version", async () => {
    const packed = writeFiles({ "a.tgz": await tarGz(cifar10Python(), "cifar-10-batches-py") });
    const content = await read(join(packed, "a.tgz"));
    assert.deepEqual(content.classNames, ["a", "b", "c", "d"]);
    assert.deepEqual([...content.train.labels], [3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    const second = imageAt(content.train.images, 1);
    assert.deepEqual(
      [...second.subarray(0, 3)],
      [3072, 3072 + 1024, 3072 + 2048].map((i) => i % 251),
    );
  });

  it("says what is wrong with an archive", async () => {
    const whole = await tarGz(cifar10Binary());
    const folder = writeFiles({
      "truncated.tar.gz": whole.subarray(0, 2000),
      "text.tar.gz": "hello",
      "other.tar.gz": await tarGz({ "readme.txt": "hello" }),
      "empty.tar.gz": "",
    });
    await fails(join(folder, "truncated.tar.gz"), /truncated\.tar\.gz is truncated: fetch it again/);
    await fails(join(folder, "text.tar.gz"), /text\.tar\.gz is not a complete archive .*: fetch it again/);
    await fails(join(folder, "other.tar.gz"), /other\.tar\.gz contains no CIFAR-10 or CIFAR-100 files/);
    await fails(join(folder, "empty.tar.gz"), /empty\.tar\.gz is (truncated|no whole archive)/);
    const { "data_batch_3.bin": _, ...lacking } = cifar10Binary();
    await fails(writeFiles(lacking), /\(CIFAR-10, binary version\) lacks data_batch_3\.bin: fetch it again/);
    const short = { ...cifar10Binary(), "data_batch_2.bin": records(0, [[0]]).subarray(0, 3000) };
    await fails(
      writeFiles(short),
      /data_batch_2\.bin is damaged \(expected records of 3073 bytes, found 3000/,
    );
    // One of `apply` may have any number of batches, but not as many as a name can say.
    const numbered = { "apply.json": "{}", "data_batch_99999999999.bin": "" };
    assert.deepEqual(
      await read(writeFiles({ ...cifar10Binary(), ...numbered })),
      await read(writeFiles(cifar10Binary())),
    );
    const python = cifar10Python();
    const cut = { ...python, data_batch_4: (python.data_batch_4 as Buffer).subarray(0, 5000) };
    await fails(writeFiles(cut), /data_batch_4 is damaged \(it is truncated\)/);
    const swapped = { ...python, test_batch: python["batches.meta"] };
    await fails(writeFiles(swapped), /test_batch is damaged \(it has no images of 3072 values\)/);
  });

  it("rejects labels outside the classes", async () => {
    const content = await read(writeFiles({ ...cifar10Binary(), "test_batch.bin": records(0, [[1], [2]]) }));
    assert.throws(
      () => checkContent(content, "cifar"),
      /^UsageError: cifar: test image 1 has the label 2, outside the 2 classes \(0 to 1\)/,
    );
  });
});

describe("unpickle", () => {
  it("reads what Python wrote", () => {
    const bytes = readFileSync(new URL("fixtures/cifar-batch.pickle", import.meta.url));
    const batch = unpickle(bytes);
    assert.ok(batch instanceof Map);
    assert.deepEqual([...batch.keys()], ["batch_label", "labels", "data", "filenames"]);
    assert.deepEqual(batch.get("labels"), [3, 1]);
    const data = batch.get("data");
    assert.ok(data instanceof PickledArray);
    assert.deepEqual(data.shape, [2, 3072]);
    assert.deepEqual(
      data.data,
      Uint8Array.from({ length: 6144 }, (_, i) => i % 251),
    );
  });

  it("rejects pickles that call anything else, and anything that is not such a pickle", () => {
    const bytes = (text: string) => Buffer.from(text, "latin1");
    const head = "\x80\x02";
    assert.throws(
      () => unpickle(bytes(`${head}cos\nsystem\n(U\x04true\x85R.`)),
      /it asks for "os system", which is/,
    );
    assert.throws(
      () => unpickle(bytes(`${head}cnumpy\nndarray\nK\x00\x85R.`)),
      /calls "numpy ndarray" differently/,
    );
    assert.throws(() => unpickle(bytes(`${head}cnumpy\ndtype\n.`)), /a function where a value belongs/);
    assert.throws(() => unpickle(bytes(`${head}K\x01(K\x02b.`)), /it builds something that is not an array/);
    assert.throws(() => unpickle(bytes(`${head}Pa\n.`)), /opcode 0x50/);
    assert.throws(() => unpickle(bytes(`${head}e.`)), /it lacks a mark/);
    assert.throws(() => unpickle(bytes(`${head}0.`)), /opcode 0x30/);
    assert.throws(() => unpickle(bytes(`${head}h\x00.`)), /it recalls a value that was never stored/);
    assert.throws(() => unpickle(bytes(`${head}.`)), /it takes more values than the stack has/);
    assert.throws(
      () => unpickle(bytes("\x80\x06N.")),
      /it is a Python pickle of protocol 6, which is not known/,
    );
    assert.throws(() => unpickle(bytes(`${head}T\xff\xff\xff\xff.`)), /it is truncated/);
    const batch = readFileSync(new URL("fixtures/cifar-batch.pickle", import.meta.url));
    const floats = Buffer.from(batch.toString("latin1").replace("U\x02u1", "U\x02f1"), "latin1");
    assert.throws(() => unpickle(floats), /an array of numpy's type f1, which is not read/);
  });
});
