// The readers of datasets that are not picture files: arrays, archives, tables, Parquet files and shards.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Random } from "../../src/common/random.ts";
import { toDataset } from "../../src/dataset/load.ts";
import { splitsOf } from "../../src/dataset/reader.ts";
import { findSource } from "../../src/dataset/source.ts";
import { imageSize } from "../../src/image/batch.ts";
import { readArraySet } from "../dataset/arrays-set.ts";
import {
  cifar10Binary,
  cifar10Python,
  cifar100Binary,
  type Files,
  mnist,
  picture,
  tarGz,
} from "../dataset/fixtures/files.ts";
import { unpackSet } from "../dataset/fixtures/packed-set.ts";
import { change } from "./change.ts";
import type { FuzzClass, Seed } from "./input.ts";
import { once } from "./seeds.ts";

async function read(path: string): Promise<string> {
  const source = await findSource(path);
  if (source.named) throw new Error("a dataset's name");
  const content = await source.reader.read(path, { imageSize: 16, workers: 1 });
  const dataset = toDataset(content, "data", 16);
  for (const [split, { images, labels }] of splitsOf(dataset)) {
    if (images.data.length !== images.count * imageSize(images) || labels.length !== images.count)
      throw new Error(
        `${split}: ${images.count} images, ${images.data.length} bytes, ${labels.length} labels`,
      );
  }
  return `${dataset.train.images.count} images of ${dataset.classNames.length} classes`;
}

/** Bytes of the largest files of a seed. */
const LARGEST = 400_000;

const arrays = once(async () => {
  const seeds = new Map<string, Seed[]>();
  for (const { name, files, path } of await readArraySet()) {
    if (Object.values(files).some(({ length }) => length > LARGEST)) continue;
    const kind = kindOfArrays(name, files);
    seeds.set(kind, [...(seeds.get(kind) ?? []), { name, files, path }]);
  }
  return seeds;
});

function kindOfArrays(name: string, files: Files): string {
  if (!name.startsWith("numpy")) return name.slice(0, name.indexOf(":"));
  return Object.keys(files).some((file) => /\.np[yz]/.test(file) && file.includes(".npy")) ? "npy" : "npz";
}

function ofArrays(name: string, kind: string, turns: number): FuzzClass {
  return { name, turns, seeds: async () => (await arrays()).get(kind) ?? [], read };
}

const cifar = once(async (): Promise<Seed[]> => {
  const folders = Object.entries({
    "CIFAR-10": cifar10Binary(),
    "CIFAR-100": cifar100Binary(),
    "CIFAR-10 of Python": cifar10Python(),
    MNIST: mnist(),
  });
  const packed = folders.map(async ([name, files]) => {
    return {
      name: `${name}, packed`,
      files: { "data.tar.gz": await tarGz(files, "data") },
      path: "data.tar.gz",
    };
  });
  return [...folders.map(([name, files]) => ({ name, files, path: "." })), ...(await Promise.all(packed))];
});

const packed = once(async () => {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-set-"));
  try {
    const { cases } = await unpackSet(folder);
    return Object.keys(cases)
      .filter((name) => name !== "many")
      .map((name) => ({ name, files: filesAt(folder, name), path: name }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A file, or all files of a folder. */
function filesAt(folder: string, name: string): Files {
  const names = statSync(join(folder, name)).isDirectory()
    ? readdirSync(join(folder, name), { recursive: true, encoding: "utf8" })
        .map((inner) => join(name, inner))
        .filter((inner) => statSync(join(folder, inner)).isFile())
        .sort()
    : [name];
  return Object.fromEntries(names.map((each) => [each, readFileSync(join(folder, each))]));
}

async function packedSeeds(pattern: RegExp): Promise<Seed[]> {
  return (await packed()).filter(({ files }) => Object.keys(files).some((name) => pattern.test(name)));
}

const MAGIC_AND_LENGTH = 8;

/** The footer, with its right length behind it; or the rest. */
function changeParquet(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const buffer = Buffer.from(bytes);
  const isWhole = buffer.length > 12 && buffer.toString("latin1", buffer.length - 4) === "PAR1";
  const end = buffer.length - MAGIC_AND_LENGTH;
  const start = isWhole ? end - buffer.readUInt32LE(end) : -1;
  if (start < 0 || random.chance(0.3)) return change(bytes, random, other);
  if (random.chance(0.4)) {
    // The first bytes are the header of a page.
    return Buffer.concat([change(buffer.subarray(0, start), random), buffer.subarray(start)]);
  }
  const footer = change(buffer.subarray(start, end), random);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  return Buffer.concat([buffer.subarray(0, start), footer, length, Buffer.from("PAR1")]);
}

const PICTURES = ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png"];

const TABLES: Readonly<Record<string, string>> = {
  "train.csv": "id,label\n0,cat\n1,dog\n2,cat\n3,dog\n4,dog\n5,cat\n",
  "labels.csv":
    'file,"class, or kind"\n"0.png","a cat"\n1.png,"a ""dog"""\n2.png,a cat\n3.png,a dog\n4.png,a dog\n5.png,a cat\n',
  "labels.tsv": "image\tclass\n0.png\t0\n1.png\t1\n2.png\t0\n3.png\t1\n4.png\t1\n5.png\t0\n",
  "_classes.csv":
    "filename, cat, dog\n0.png, 1, 0\n1.png, 0, 1\n2.png, 1, 0\n3.png, 0, 1\n4.png, 0, 1\n5.png, 1, 0\n",
  "metadata.csv":
    "file_name,label,split\n0.png,cat,train\n1.png,dog,train\n2.png,cat,test\n3.png,dog,test\n4.png,dog,train\n5.png,cat,train\n",
  "metadata.jsonl": PICTURES.map((name, i) => `${JSON.stringify({ file_name: name, label: i % 2 })}\n`).join(
    "",
  ),
  "labels.json": JSON.stringify(Object.fromEntries(PICTURES.map((name, i) => [name, i % 2 ? "cat" : "dog"]))),
};

const tables = once(async (): Promise<Seed[]> => {
  const pictures = await Promise.all(
    PICTURES.map(async (name, i) => [name, await picture(2, 2, i)] as const),
  );
  return Object.entries(TABLES).map(([name, text]) => {
    return { name, files: { ...Object.fromEntries(pictures), [name]: text }, path: ".", damaged: [name] };
  });
});

export const DATASET_CLASSES: readonly FuzzClass[] = [
  ...[ofArrays("npz", "npz", 12), ofArrays("npy", "npy", 8)],
  ...[
    ofArrays("pickles", "pickle", 8),
    ofArrays("MATLAB files", "MATLAB", 8),
    ofArrays("STL-10", "STL-10", 2),
  ],
  ...[
    ofArrays("IDX", "idx", 6),
    ofArrays("tables of pixels", "table", 4),
    ofArrays("compressed", "compression", 1),
  ],
  { name: "CIFAR and MNIST", turns: 6, seeds: cifar, read },
  { name: "Parquet", turns: 6, seeds: () => packedSeeds(/parquet|arrow/), change: changeParquet, read },
  { name: "WebDataset", turns: 6, seeds: () => packedSeeds(/\.(tar|tgz|gz)$/), read },
  { name: "tables of labels", turns: 6, seeds: tables, read },
];
