import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { UsageError } from "../../src/common/errors.ts";
import type { DatasetReader } from "../../src/dataset/reader.ts";
import { arraysReader } from "../../src/dataset/readers/arrays.ts";
import { idxReader } from "../../src/dataset/readers/idx.ts";
import { imageAt } from "../../src/image/batch.ts";
import { type Files, idx, mnist, npy, npz, writeFiles } from "./fixtures/files.ts";

async function fails(reader: DatasetReader, path: string, expected: RegExp): Promise<void> {
  await assert.rejects(
    async () => {
      assert.ok(reader.recognises(path));
      reader.files(path);
      await reader.read(path, {});
    },
    (error: Error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, expected);
      return true;
    },
  );
}

describe("idxReader", () => {
  it("reads a folder, plain and gzipped; grey becomes three channels", async () => {
    const zipped = Object.fromEntries(
      Object.entries(mnist()).map(([name, file]) => [`${name}.gz`, gzipSync(file)]),
    );
    for (const files of [mnist(), zipped, { ...mnist(), ...zipped }]) {
      const folder = writeFiles(files as Files);
      assert.ok(idxReader.recognises(folder));
      assert.equal(idxReader.files(folder).length, 4);
      const { classNames, train, test } = await idxReader.read(folder, {});
      assert.deepEqual(classNames, ["0", "1", "2"]);
      assert.deepEqual([...train.labels], [0, 1, 2, 1]);
      assert.deepEqual([train.images.count, train.images.height, train.images.width], [4, 2, 3]);
      assert.deepEqual(
        [...imageAt(train.images, 1)],
        [42, 49, 56, 63, 70, 77].flatMap((v) => [v, v, v]),
      );
      assert.deepEqual([...test!.labels], [2]);
    }
  });

  it("reads an images file with its labels beside it", async () => {
    const folder = writeFiles({
      "my-images.idx3-ubyte": idx([2, 1, 1], [8, 9]),
      "my-labels.idx1-ubyte.gz": gzipSync(idx([2], [1, 0])),
    });
    const { train, test } = await idxReader.read(join(folder, "my-images.idx3-ubyte"), {});
    assert.deepEqual([...train.labels], [1, 0]);
    assert.deepEqual([...train.images.data], [8, 8, 8, 9, 9, 9]);
    assert.equal(test, undefined);
  });

  it("says what is wrong", async () => {
    const images = "train-images-idx3-ubyte";
    const labels = "train-labels-idx1-ubyte";
    const change = (files: Files) => writeFiles({ ...mnist(), ...files });
    const whole = mnist()[images] as Buffer;
    await fails(
      idxReader,
      change({ [images]: whole.subarray(0, 30) }),
      /train-images-idx3-ubyte is truncated \(4 x 2 x 3/,
    );
    await fails(idxReader, change({ [images]: whole.subarray(0, 9) }), /is truncated: fetch it again/);
    await fails(
      idxReader,
      change({ [images]: Buffer.concat([whole, whole]) }),
      /is longer than its header says/,
    );
    await fails(idxReader, change({ [images]: "PNG or so" }), /is not an idx file/);
    await fails(
      idxReader,
      change({ [labels]: whole }),
      /is not the expected idx file of bytes in 1 dimension$/,
    );
    await fails(idxReader, change({ [labels]: idx([3], [0, 1, 2]) }), /4 images but 3 labels/);
    await fails(
      idxReader,
      change({ [labels]: idx([4], [0, 1, 2, 9]) }),
      /highest label is 9, but there are 4 images/,
    );
    const zipped = gzipSync(whole);
    const cut = writeFiles({
      [`${images}.gz`]: zipped.subarray(0, zipped.length - 12),
      [labels]: idx([4], [0, 1, 0, 1]),
    });
    await fails(idxReader, cut, /\.gz is truncated: fetch it again/);
    await fails(idxReader, writeFiles({ [images]: whole }), /lacks its labels: put train-labels-idx1-ubyte/);
    await fails(idxReader, writeFiles({ "t10k-images-idx3-ubyte": whole }), /lacks the training images/);
    await fails(idxReader, join(writeFiles(mnist()), labels), /name the file with the images/);
    const several = change({ "emnist-train-images-idx3-ubyte": whole });
    await fails(idxReader, several, /contains several sets of train images \(emnist-train-.*\): name one/);
  });
});

describe("arraysReader", () => {
  const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => i);
  const save = (arrays: Record<string, Uint8Array>) => join(writeFiles({ "a.npz": npz(arrays) }), "a.npz");

  it("reads images and labels under their usual names, in any whole-number type", async () => {
    const colour = npy([2, 1, 2, 3], bytes(12), "|u1");
    const path = save({
      x_train: colour,
      y_train: npy([2], BigInt64Array.of(1n, 0n), "<i8"),
      X_test: npy([1, 1, 2, 3], Uint16Array.of(255, 0, 1, 2, 3, 4), "<u2"),
      Y_test: npy([1, 1], Int32Array.of(1), "<i4"),
    });
    const { classNames, train, test } = await arraysReader.read(path, {});
    assert.deepEqual(classNames, ["0", "1"]);
    assert.deepEqual([...train.labels], [1, 0]);
    assert.deepEqual([...train.images.data], [...bytes(12)]);
    assert.deepEqual([...test!.images.data], [255, 0, 1, 2, 3, 4]);
    assert.deepEqual([...test!.labels], [1]);
    const labels = npy([2], Int8Array.of(0, 1), "|i1");
    for (const [images, key] of [
      [npy([2, 1, 2], bytes(4), "|u1"), "images"],
      [npy([2, 1, 2, 1], bytes(4), "|u1"), "train_images"],
      [npy([2, 1, 2], new Uint8Array(Int32Array.of(0, 1, 2, 3).buffer).reverse(), ">i4"), "x"],
    ] as const) {
      const labelsKey = key === "x" ? "y" : key.replace("images", "labels");
      const grey = await arraysReader.read(save({ [key]: images, [labelsKey]: labels }), {});
      const values = key === "x" ? [3, 2, 1, 0] : [0, 1, 2, 3];
      assert.deepEqual(
        [...grey.train.images.data],
        values.flatMap((value) => [value, value, value]),
      );
    }
  });

  it("says what is wrong", async () => {
    const images = npy([2, 1, 1, 3], bytes(6), "|u1");
    const labels = npy([2], bytes(2), "|u1");
    const bad = (arrays: Record<string, Uint8Array>, expected: RegExp) =>
      fails(arraysReader, save(arrays), expected);
    await bad(
      { pictures: images },
      /a\.npz contains pictures; expected x_train and y_train, images and labels, or x and y/,
    );
    await bad(
      { x_test: images, y_test: labels },
      /a\.npz has only test images \(.*x_test\): add training images, such as x_train and y_train/,
    );
    await bad({ images }, /it has images but not its labels labels/);
    await bad({ images, labels: npy([3], bytes(3), "|u1") }, /images has 2 images, labels 3 labels/);
    await bad(
      { images: npy([1], new Float32Array(1), "<f4"), labels },
      /images: expected images of the shape \[N, H, W\], .*, found \[1\]/,
    );
    await bad(
      { images: npy([2, 3, 1, 2], bytes(12), "|u1"), labels },
      /\[N, H, W, 3\], found \[2, 3, 1, 2\]/,
    );
    await bad(
      { images: npy([2, 1, 1], Int32Array.of(5, 256), "<i4"), labels },
      /pixels from 0 to 255, found 256/,
    );
    await bad(
      { images: images.subarray(0, images.length - 1), labels },
      /it is truncated: 6 bytes expected, 5 found/,
    );
    await bad(
      { images, labels: npy([2, 2], bytes(4), "|u1") },
      /one whole number per image, found the shape \[2, 2\]/,
    );
    await bad(
      { images, labels: npy([2], Int32Array.of(-1, 0), "<i4") },
      /a label is -1; labels count from 0/,
    );
    await bad({ images, labels: npy([2], BigInt64Array.of(2n ** 32n, 0n), "<i8") }, /a label is 4294967296/);
    const whole = npz({ images, labels });
    const cut = join(writeFiles({ "a.npz": whole.subarray(0, whole.length - 30) }), "a.npz");
    await fails(arraysReader, cut, /a\.npz is truncated or not an npz file/);
  });
});
