import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { RunError, UsageError } from "../../src/common/errors.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { describeDataset, describeSource } from "../../src/dataset/describe.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import {
  cifar10Binary,
  mnist,
  npy,
  npz,
  picture,
  tarGz,
  temporaryFolder,
  writeFiles,
} from "./fixtures/files.ts";

const load = (source: string, home: string, imageSize?: number) => loadDataset(source, { home, imageSize });
const entries = (home: string) => readdirSync(join(home, "cache")).map((name) => join(home, "cache", name));

async function fails(source: string, expected: RegExp, kind = UsageError): Promise<void> {
  await assert.rejects(loadDataset(source, { home: temporaryFolder() }), (error: Error) => {
    assert.ok(error instanceof kind, String(error.stack));
    assert.match(error.message, expected);
    return true;
  });
}

function plain({ train, validation, test, ...rest }: Dataset) {
  const split = (part: typeof test) =>
    part && { ...part.images, data: [...part.images.data], labels: [...part.labels] };
  return { ...rest, train: split(train), validation: split(validation), test: split(test) };
}

/** The file of a cache with the checksum of its content. */
function sealed(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt32LE(crc32(copy.subarray(24), crc32(copy.subarray(16, 20))), 20);
  return copy;
}

describe("loadDataset", () => {
  it("reads every format, and the same again from the cache", async () => {
    const file = await picture(3, 5, 9);
    const sources = writeFiles({
      "pictures/train/a/1.png": file,
      "pictures/train/b/2.png": file,
      "pictures/val/b/3.png": file,
      "pictures/train/b/damaged.png": "no",
      "a.npz": npz({
        x: npy([3, 1, 2], Uint8Array.of(1, 2, 3, 4, 5, 6), "|u1"),
        y: npy([3], Uint8Array.of(0, 1, 0), "|u1"),
      }),
      "cifar.tar.gz": await tarGz(cifar10Binary()),
      ...Object.fromEntries(Object.entries(mnist()).map(([name, content]) => [`mnist/${name}`, content])),
    });
    for (const [name, classes] of [
      ["pictures", 2],
      ["a.npz", 2],
      ["cifar.tar.gz", 2],
      ["mnist", 3],
    ] as const) {
      const home = temporaryFolder();
      const first = await load(join(sources, name), home);
      assert.equal(first.name, name);
      assert.equal(first.classNames.length, classes);
      assert.match(first.digest, /^[0-9a-f]{64}$/);
      const [entry] = entries(home);
      const written = readFileSync(entry);
      const second = await load(join(sources, name), home);
      assert.deepEqual(plain(second), plain(first));
      assert.equal(entries(home).length, 1);
      // The cache's content is what is returned: a pixel changed in it shows up, if its checksum allows that.
      written[written.length - 1] ^= 0xff;
      writeFileSync(entry, sealed(written));
      const changed = await load(join(sources, name), home);
      assert.notDeepEqual(plain(changed), plain(first));
      assert.deepEqual(changed.notes, first.notes);
    }
  });

  it("reads again when files change or the cache is damaged, and keeps one entry per source", async () => {
    const home = temporaryFolder();
    const folder = writeFiles({ "a/1.png": await picture(2, 2, 1), "b/2.png": await picture(2, 2, 2) });
    const first = await load(folder, home);
    const [entry] = entries(home);
    const whole = readFileSync(entry);
    const flipped = (place: number) => Buffer.from(whole.map((byte, i) => (i === place ? byte ^ 1 : byte)));
    const damages: Record<string, Buffer> = {
      checksum: flipped(20),
      "first label": flipped(whole.length - 2 * (4 + 12)),
      "last label": flipped(whole.length - 2 * 12 - 4),
      "first pixel": flipped(whole.length - 2 * 12),
      "last pixel": flipped(whole.length - 1),
      beginning: whole.subarray(0, 10),
      other: Buffer.from("something else that is long enough for a header"),
      "size of a split": sealed(
        Buffer.from(whole.toString("latin1").replace('"count":2', '"count":9'), "latin1"),
      ),
      "header of another kind": sealed(
        Buffer.from(whole.toString("latin1").replace('"name"', '"nome"'), "latin1"),
      ),
      empty: Buffer.alloc(0),
      short: whole.subarray(0, whole.length - 1),
      long: Buffer.concat([whole, Buffer.of(0)]),
      header: Buffer.from(whole.map((byte, i) => (i === 80 ? byte ^ 1 : byte))),
      magic: Buffer.from(whole.map((byte, i) => (i === 0 ? byte ^ 1 : byte))),
      length: Buffer.from(whole.map((byte, i) => (i === 19 ? 0xff : byte))),
    };
    for (const [damage, content] of Object.entries(damages)) {
      writeFileSync(entry, content);
      const { notes, ...again } = await load(folder, home);
      assert.deepEqual(notes, [`${entry} was damaged: it has been made again`], damage);
      assert.deepEqual(plain(again), plain(first), damage);
      assert.deepEqual(readFileSync(entry), whole, damage);
    }
    // Its pixels may be those of another decoder.
    for (const version of ["d01", "d02", "d99"]) {
      writeFileSync(entry, Buffer.concat([Buffer.from(`deepaugment-${version}\n`), whole.subarray(16)]));
      assert.deepEqual(plain(await load(folder, home)), plain(first), version);
      assert.deepEqual(readFileSync(entry), whole, version);
    }
    writeFileSync(join(folder, "a", "1.png"), await picture(2, 2, 77));
    utimesSync(join(folder, "a", "1.png"), 1, 1);
    const changed = await load(folder, home);
    assert.equal(changed.train.images.data[0], 77);
    assert.notEqual(changed.digest, first.digest);
    assert.equal(entries(home).length, 1);
    assert.notDeepEqual(entries(home), [entry]);
    // Another size is a separate entry.
    const large = await load(folder, home, 4);
    assert.deepEqual([large.train.images.height, large.train.images.width], [4, 4]);
    assert.equal(entries(home).length, 2);
  });

  it("names what is in place of a cached dataset, and leaves it there", {
    skip: process.platform === "win32",
  }, async () => {
    const home = temporaryFolder();
    const folder = writeFiles({ "a/1.png": await picture(2, 2, 1), "b/2.png": await picture(2, 2, 2) });
    await load(folder, home);
    const [entry] = entries(home);
    const kinds: [make: () => void, reason: string][] = [
      [() => mkdirSync(entry), "it is a folder, not a file"],
      [() => execFileSync("mkfifo", [entry]), "it is a named pipe, not an ordinary file"],
      [() => symlinkSync("/dev/zero", entry), "it is a device, not an ordinary file"],
    ];
    for (const [make, reason] of kinds) {
      rmSync(entry, { recursive: true });
      make();
      await assert.rejects(load(folder, home), {
        name: "RunError",
        message: `cannot read ${entry}: ${reason}; remove it, or set DEEPAUGMENT_HOME to another folder`,
      });
      assert.equal(entries(home).length, 1);
    }
  });

  it("resizes archives too", async () => {
    const folder = writeFiles(mnist());
    const { train, test } = await load(folder, temporaryFolder(), 8);
    assert.deepEqual([train.images.height, train.images.width, test!.images.width], [8, 8, 8]);
    assert.equal(train.images.data.length, 4 * 8 * 8 * 3);
  });

  it("has the same digest for the same data in another place, and a different one after any change", async () => {
    const [a, b, c] = await Promise.all([picture(2, 2, 1), picture(2, 2, 2), picture(2, 2, 3)]);
    const digestOf = async (files: Record<string, Uint8Array>) =>
      (await load(writeFiles(files), temporaryFolder())).digest;
    const digest = await digestOf({ "a/1.png": a, "b/2.png": b });
    assert.equal(await digestOf({ "a/other.png": a, "b/names.png": b }), digest);
    const others = [
      await digestOf({ "a/1.png": a, "b/2.png": c }),
      await digestOf({ "a/1.png": a, "c/2.png": b }),
      await digestOf({ "a/1.png": b, "b/2.png": a }),
      await digestOf({ "train/a/1.png": a, "train/b/2.png": b, "test/a/1.png": a }),
    ];
    assert.equal(new Set([...others, digest]).size, 5);
  });

  it("says what is wrong with a source", async () => {
    await fails(
      "cifar01",
      /^no dataset "cifar01": there is no such file or folder; did you mean "cifar10"\?$/,
    );
    await fails(
      "./nowhere",
      /^no dataset "\.\/nowhere": .*; give a path, or one of cifar10, cifar100, fashion_mnist, mnist$/,
    );
    const file = await picture(2, 2, 1);
    const folder = writeFiles({ "a.txt": "1,2", "pictures/a/1.png": file });
    await fails(
      join(folder, "a.txt"),
      /a\.txt is not a supported dataset: expected a folder with one subfolder per class, or a CSV file with the labels of/,
    );
    await fails(join(folder, "pictures"), /pictures: only one class \("a"\); a classifier needs two or more/);
    const labels = npz({
      x_train: npy([2, 1, 1], Uint8Array.of(1, 2), "|u1"),
      y_train: npy([2], Uint8Array.of(0, 1), "|u1"),
      x_test: npy([1, 1, 1], Uint8Array.of(1), "|u1"),
      y_test: npy([1], Uint8Array.of(2), "|u1"),
    });
    await fails(
      join(writeFiles({ "a.npz": labels }), "a.npz"),
      /test image 0 has the label 2, outside the 2 classes/,
    );
    const gap = npz({
      x: npy([3, 1, 1], Uint8Array.of(1, 2, 3), "|u1"),
      y: npy([3], Uint8Array.of(0, 2, 2), "|u1"),
    });
    await fails(join(writeFiles({ "a.npz": gap }), "a.npz"), /class "1" has no training image/);
    const none = npz({ x: npy([0, 1, 1], new Uint8Array(), "|u1"), y: npy([0], new Uint8Array(), "|u1") });
    await fails(join(writeFiles({ "a.npz": none }), "a.npz"), /a\.npz has no training images/);
  });

  it("says where the cache cannot be written", async () => {
    const folder = writeFiles({
      "a/1.png": await picture(2, 2, 1),
      "b/2.png": await picture(2, 2, 2),
      file: "",
    });
    await assert.rejects(
      load(folder, join(folder, "file")),
      (error) =>
        error instanceof RunError && /cannot write .*file.cache.*DEEPAUGMENT_HOME/.test(error.message),
    );
  });
});

describe("describeSource", () => {
  it("counts images per class and split, also if sizes are mixed", async () => {
    const small = await picture(2, 2, 1);
    const files = {
      "train/a/1.png": small,
      "train/b/2.png": small,
      "test/b/3.png": small,
      "test/b/4.png": "no",
    };
    const home = temporaryFolder();
    const { digest, skipped, name: _, ...rest } = await describeSource(writeFiles(files), { home });
    assert.deepEqual(rest, {
      classes: [
        { name: "a", counts: { train: 1, test: 0 } },
        { name: "b", counts: { train: 1, test: 1 } },
      ],
      splits: { train: 2, test: 1 },
      sizes: [{ height: 2, width: 2, count: 3 }],
      notes: [],
    });
    assert.match(digest!, /^[0-9a-f]{64}$/);
    assert.equal(skipped.length, 1);
    const mixed = await describeSource(writeFiles({ ...files, "train/a/5.png": await picture(3, 2, 1) }), {
      home,
    });
    assert.deepEqual(mixed.splits, { train: 3, test: 1 });
    assert.deepEqual(mixed.sizes, [
      { height: 2, width: 2, count: 3 },
      { height: 3, width: 2, count: 1 },
    ]);
    assert.equal(mixed.digest, undefined);
    assert.deepEqual(describeDataset(await load(writeFiles(mnist()), home)).splits, { train: 4, test: 1 });
  });
});
