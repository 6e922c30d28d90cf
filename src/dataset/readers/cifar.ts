// CIFAR-10 and CIFAR-100 (Krizhevsky 2009, "Learning multiple layers of features from tiny images") as packed by their
// authors: the binary and the Python version, as `.tar.gz`, `.tar`, or extracted folder; and folders in CIFAR-10's
// binary format written by `apply`, with any number of files.

import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../../common/errors.ts";
import { readOrdinaryFile } from "../../common/ordinary-files.ts";
import type { LabelledImages } from "../dataset.ts";
import { type DatasetContent, type DatasetReader, unreadable } from "../reader.ts";
import { isTarStart, readTar } from "./archive.ts";
import { startOfFile } from "./arrays/bytes.ts";
import { isFile } from "./arrays/files.ts";
import { ArrayProblem, DamagedProblem } from "./arrays/problem.ts";
import { joinBatches, parseLines, parsePickle, parseRecords, parseStrings } from "./cifar-batches.ts";

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
  parseBatch(file: Buffer): Promise<LabelledImages>;
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
  recognises: (path) => {
    if (isFile(path)) return /\.(tar\.gz|tgz|tar)$/i.test(path) || isTarStart(startOfFile(path).start);
    return findFolder(path) !== undefined;
  },
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
    const pattern = new RegExp(`^${name}(?:_(\\d{1,4}))?\\.bin$`);
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
      files.set(name, readOrdinaryFile(join(found.folder, name)));
    } catch (error) {
      throw unreadable(join(found.folder, name), error);
    }
  }
  return files;
}

async function parse(
  files: Map<string, Buffer>,
  path: string,
  layout: Layout | undefined,
): Promise<DatasetContent> {
  if (!layout?.train.some((name) => files.has(name)))
    throw new UsageError(`${path} contains no CIFAR-10 or CIFAR-100 files; unpack other archives first`);
  const missing = filesOf(layout).filter((name) => !files.has(name));
  if (missing.length > 0) {
    throw new UsageError(`${path} (${layout.name}) lacks ${missing.join(", ")}: fetch it again`);
  }
  const parseFile = async <T>(name: string, parser: (file: Buffer) => T | Promise<T>): Promise<T> => {
    try {
      return await parser(files.get(name)!);
    } catch (error) {
      if (!(error instanceof ArrayProblem)) throw error;
      if (error instanceof DamagedProblem)
        throw new UsageError(`${path}: ${name} is damaged (${error.message}): fetch it again`);
      throw new UsageError(`${path}: ${name}: ${error.message}`);
    }
  };
  const split = async (names: readonly string[]) => {
    const batches: LabelledImages[] = [];
    for (const name of names) batches.push(await parseFile(name, layout.parseBatch));
    return joinBatches(batches);
  };
  const { train, validation = [], test } = layout;
  return {
    classNames: await parseFile(layout.names, layout.parseNames),
    train: await split(train),
    ...(validation.length > 0 && { validation: await split(validation) }),
    ...(test.length > 0 && { test: await split(test) }),
    skipped: [],
  };
}
