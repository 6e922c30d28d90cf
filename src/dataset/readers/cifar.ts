// CIFAR-10 and CIFAR-100 (Krizhevsky 2009, "Learning multiple layers of features from tiny images") as packed by their
// authors: the binary and the Python version, as `.tar.gz`, `.tar`, or extracted folder; and folders in CIFAR-10's
// binary format written by `apply`, with any number of files.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf, UsageError } from "../../common/errors.ts";
import { createBatch } from "../../image/batch.ts";
import type { LabelledImages } from "../dataset.ts";
import { type DatasetContent, type DatasetReader, unreadable } from "../reader.ts";
import { readTar } from "./archive.ts";
import { ByteArray, type PickleDict, type PickleValue, textOf, unpickle } from "./pickle.ts";

const SIDE = 32;
const PLANE = SIDE * SIDE;
const IMAGE = 3 * PLANE;

/** One of the four formats: its files, and how they store labels. */
interface Layout {
  readonly name: string;
  readonly folder: string;
  readonly train: readonly string[];
  /** Only in folders written by `apply`. */
  readonly validation?: readonly string[];
  readonly test: readonly string[];
  /** The file with the names of the classes. */
  readonly names: string;
  parseNames(file: Buffer): string[];
  parseBatch(file: Buffer): Batch;
}

/** Images as stored in the files, [count, 3, 32, 32], with one label each. */
interface Batch {
  readonly planes: Uint8Array;
  readonly labels: readonly number[] | Uint8Array;
}

const LAYOUTS: readonly Layout[] = [
  {
    name: "CIFAR-10, binary version",
    folder: "cifar-10-batches-bin",
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: ["test_batch.bin"],
    names: "batches.meta.txt",
    parseNames: parseLines,
    parseBatch: (file) => parseRecords(file, 1),
  },
  {
    name: "CIFAR-10, Python version",
    folder: "cifar-10-batches-py",
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`),
    test: ["test_batch"],
    names: "batches.meta",
    parseNames: (file) => parseStrings(file, "label_names"),
    parseBatch: (file) => parsePickle(file, "labels"),
  },
  {
    name: "CIFAR-100, binary version",
    folder: "cifar-100-binary",
    train: ["train.bin"],
    test: ["test.bin"],
    names: "fine_label_names.txt",
    parseNames: parseLines,
    parseBatch: (file) => parseRecords(file, 2),
  },
  {
    name: "CIFAR-100, Python version",
    folder: "cifar-100-python",
    train: ["train"],
    test: ["test"],
    names: "meta",
    parseNames: (file) => parseStrings(file, "fine_label_names"),
    parseBatch: (file) => parsePickle(file, "fine_labels"),
  },
];

/** Reads CIFAR archives and extracted folders; CIFAR-100 with its 100 fine classes. */
export const cifarReader: DatasetReader = {
  reads: "a CIFAR archive (.tar.gz)",
  recognises: (path) => /\.(tar\.gz|tgz|tar)$/i.test(path) || findFolder(path) !== undefined,
  files: (path) => {
    const found = findFolder(path);
    return found ? filesOf(found.layout).map((name) => join(found.folder, name)) : [path];
  },
  read: async (path) => {
    const files = await readFiles(path);
    const layout = findFolder(path)?.layout;
    return parse(files, path, layout ?? LAYOUTS.find(({ train }) => train.some((name) => files.has(name))));
  },
};

/** Whether a file in an archive has the name of one of CIFAR's. */
export function isCifarFile(name: string): boolean {
  return LAYOUTS.some((layout) => filesOf(layout).includes(basename(name)));
}

function filesOf({ train, validation = [], test, names }: Layout): string[] {
  return [...train, ...validation, ...test, names];
}

/** The file that marks folders written by `apply`; see apply/names.ts. */
const APPLY_FILE = "apply.json";

/**
 * A folder written by `apply` has any number of files instead of five and one; the highest number determines how many.
 */
function asWritten(folder: string, layout: Layout): Layout {
  if (layout !== LAYOUTS[0] || !isFile(join(folder, APPLY_FILE))) return layout;
  const present = readdirSync(folder);
  const batches = (name: string, first: string) => {
    const pattern = new RegExp(`^${name}(?:_(\\d+))?\\.bin$`);
    const numbers = present.flatMap((file) => {
      const match = pattern.exec(file);
      return match ? [Number(match[1] ?? 1)] : [];
    });
    const count = Math.max(0, ...numbers);
    return Array.from({ length: count }, (_, i) => `${name}${i === 0 ? first : `_${i + 1}`}.bin`);
  };
  return {
    ...layout,
    train: batches("data_batch", "_1"),
    validation: batches("validation_batch", ""),
    test: batches("test_batch", ""),
  };
}

/** The extracted folder: either `path` itself, or its subfolder with the usual name. */
function findFolder(path: string): { folder: string; layout: Layout } | undefined {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  for (const layout of LAYOUTS) {
    for (const folder of [path, join(path, layout.folder)]) {
      // A folder `train` may also be one of class folders, so two files of the format must exist.
      if ([layout.train[0], layout.names].every((name) => isFile(join(folder, name))))
        return { folder, layout: asWritten(folder, layout) };
    }
  }
  // An extracted folder with missing files, rather than a folder of pictures.
  const layout = LAYOUTS.find(({ folder }) => path.endsWith(folder) && existsSync(path));
  return layout && { folder: path, layout };
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

async function readFiles(path: string): Promise<Map<string, Buffer>> {
  const found = findFolder(path);
  if (!found) {
    const wanted = new Set(LAYOUTS.flatMap(filesOf));
    return readTar(path, (name) => wanted.has(name));
  }
  const files = new Map<string, Buffer>();
  const present = new Set(readdirSync(found.folder));
  for (const name of filesOf(found.layout).filter((file) => present.has(file))) {
    try {
      files.set(name, readFileSync(join(found.folder, name)));
    } catch (error) {
      throw unreadable(join(found.folder, name), error);
    }
  }
  return files;
}

function parse(files: Map<string, Buffer>, path: string, layout: Layout | undefined): DatasetContent {
  if (!layout?.train.some((name) => files.has(name)))
    throw new UsageError(`${path} contains no CIFAR-10 or CIFAR-100 files; unpack other archives first`);
  const missing = filesOf(layout).filter((name) => !files.has(name));
  if (missing.length > 0) {
    throw new UsageError(`${path} (${layout.name}) lacks ${missing.join(", ")}: fetch it again`);
  }
  const parseFile = <T>(name: string, parser: (file: Buffer) => T): T => {
    try {
      return parser(files.get(name)!);
    } catch (error) {
      throw new UsageError(`${path}: ${name} is damaged (${messageOf(error)}): fetch it again`);
    }
  };
  const split = (names: readonly string[]) =>
    interleave(names.map((name) => parseFile(name, layout.parseBatch)));
  const { train, validation = [], test } = layout;
  return {
    classNames: parseFile(layout.names, layout.parseNames),
    train: split(train),
    ...(validation.length > 0 && { validation: split(validation) }),
    ...(test.length > 0 && { test: split(test) }),
    skipped: [],
  };
}

/** Records of the binary version: `labelBytes` bytes, the last of which is the label, then 3 x 1024 values. */
function parseRecords(file: Buffer, labelBytes: number): Batch {
  const record = labelBytes + IMAGE;
  const count = file.length / record;
  if (!Number.isInteger(count) || count === 0) {
    throw new Error(`expected records of ${record} bytes, found ${file.length} bytes in total`);
  }
  const labels = new Uint8Array(count);
  const planes = new Uint8Array(count * IMAGE);
  for (let i = 0; i < count; i++) {
    labels[i] = file[i * record + labelBytes - 1];
    planes.set(file.subarray(i * record + labelBytes, (i + 1) * record), i * IMAGE);
  }
  return { planes, labels };
}

function parsePickle(file: Buffer, labelsKey: string): Batch {
  const dict = asDict(unpickle(file));
  const data = dict.get("data");
  const labels = dict.get(labelsKey);
  if (!(data instanceof ByteArray) || data.shape[1] !== IMAGE)
    throw new Error(`it has no images of ${IMAGE} values`);
  if (!isListOf(labels, (label) => typeof label === "number"))
    throw new Error(`it has no list "${labelsKey}"`);
  if (labels.length !== data.shape[0]) throw new Error(`${data.shape[0]} images but ${labels.length} labels`);
  return { planes: data.data, labels };
}

function parseLines(file: Buffer): string[] {
  return file.toString("utf8").split(/\r?\n/).filter(Boolean);
}

function parseStrings(file: Buffer, key: string): string[] {
  const names = asDict(unpickle(file)).get(key);
  if (!isListOf(names, (name) => name instanceof Uint8Array)) throw new Error(`it has no list "${key}"`);
  return names.map(textOf);
}

function asDict(value: PickleValue): PickleDict {
  if (!(value instanceof Map)) throw new Error("it has no dictionary");
  return value;
}

function isListOf<T extends PickleValue>(
  value: PickleValue | undefined,
  is: (item: PickleValue) => item is T,
): value is T[] {
  return Array.isArray(value) && value.every(is);
}

/** Joins all batches into one, channels last: [count, 32, 32, 3]. */
function interleave(batches: readonly Batch[]): LabelledImages {
  const images = createBatch(
    batches.reduce((sum, { labels }) => sum + labels.length, 0),
    SIDE,
    SIDE,
  );
  const labels = new Int32Array(images.count);
  let start = 0;
  for (const batch of batches) {
    labels.set(batch.labels, start);
    for (let i = 0; i < batch.labels.length; i++) {
      const from = i * IMAGE;
      const to = (start + i) * IMAGE;
      for (let place = 0; place < PLANE; place++) {
        images.data[to + 3 * place] = batch.planes[from + place];
        images.data[to + 3 * place + 1] = batch.planes[from + PLANE + place];
        images.data[to + 3 * place + 2] = batch.planes[from + 2 * PLANE + place];
      }
    }
    start += batch.labels.length;
  }
  return { images, labels };
}
