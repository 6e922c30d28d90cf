// Decoded datasets as raw files, so that later starts read one file instead of decoding thousands.
//
// File format: magic (16 bytes), length of the header (4 bytes, little-endian), SHA-256 of the header (32 bytes), the
// header (JSON, padded with spaces), the labels of all splits (int32), the pixels of all splits (uint8).

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readdirSync, readSync, rmSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { messageOf, RunError, systemCode, systemReason } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { readablePath, systemPath } from "../common/path-bytes.ts";
import type { ArrayUse, Dataset, LabelledImages, LabelSource, SkippedFile } from "./dataset.ts";
import { bytesOf, chunksOf } from "./digest.ts";
import { type SplitName, splitsOf, unreadable } from "./reader.ts";

/** The number rises whenever this format or the pixels of a decoder change, so that older files are decoded again. */
const MAGIC = Buffer.from("deepaugment-d03\n");
/** How to fix a cache that cannot be used. */
const ELSEWHERE = "; or set DEEPAUGMENT_HOME to another folder";

const PREFIX = MAGIC.length + 4 + 32;

interface Header {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly splits: readonly { name: SplitName; count: number; height: number; width: number }[];
  readonly digest: string;
  readonly skipped: readonly SkippedFile[];
  readonly notes?: readonly string[];
  readonly labels?: LabelSource;
  readonly arrays?: readonly ArrayUse[];
}

/** Identifies a dataset in the cache: `group` identifies its source, `version` the source's current state. */
export interface CacheKey {
  /** The beginning of the file's name. */
  readonly name: string;
  readonly group: string;
  readonly version: string;
}

/**
 * The key of data on disk: the same files, with the same sizes and times, read with the same options.
 * @param arrangement how the files make a dataset, if the same files can make several.
 */
export function keyOfFiles(
  source: string,
  files: readonly string[],
  options: unknown,
  arrangement?: unknown,
): CacheKey {
  const states = files.map((path) => {
    try {
      const { size, mtimeMs } = statSync(systemPath(path));
      return [path, size, mtimeMs];
    } catch (error) {
      throw unreadable(readablePath(path), error);
    }
  });
  return {
    name: basename(resolve(source))
      .replace(/[^\w.-]/g, "_")
      .slice(0, 60),
    group: shortDigest([resolve(source), options]),
    version: shortDigest(arrangement === undefined ? states : [states, arrangement]),
  };
}

/** The key of data whose content is fixed. */
export function keyOfName(name: string, options: unknown): CacheKey {
  return { name, group: shortDigest([name, options]), version: "1" };
}

/** The dataset under this key, or undefined if there is none or the file is damaged. */
export function readCache(home: string, key: CacheKey): Dataset | undefined {
  let file: number;
  try {
    file = openSync(pathOf(home, key), "r");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw new RunError(`cannot read ${pathOf(home, key)}: ${systemReason(error)}${ELSEWHERE}`);
  }
  try {
    return readDataset(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Stores the dataset under this key and removes earlier versions of the same source.
 * @throws RunError if it cannot be written.
 */
export function writeCache(home: string, key: CacheKey, dataset: Dataset): void {
  const path = pathOf(home, key);
  const splits = splitsOf(dataset);
  const header: Header = {
    name: dataset.name,
    classNames: dataset.classNames,
    splits: splits.map(([name, { images }]) => {
      return { name, count: images.count, height: images.height, width: images.width };
    }),
    digest: dataset.digest,
    skipped: dataset.skipped,
    notes: dataset.notes,
    labels: dataset.labels,
    arrays: dataset.arrays,
  };
  const json = Buffer.from(JSON.stringify(header));
  // The labels that follow must start at a multiple of four.
  const padded = Buffer.concat([json, Buffer.alloc((4 - ((PREFIX + json.length) % 4)) % 4, " ")]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(padded.length);
  try {
    writeFileWhole(path, [
      MAGIC,
      length,
      createHash("sha256").update(padded).digest(),
      padded,
      ...splits.map(([, { labels }]) => bytesOf(labels)),
      ...splits.flatMap(([, { images }]) => chunksOf(images.data)),
    ]);
  } catch (error) {
    throw new RunError(`${messageOf(error)}${ELSEWHERE}`);
  }
  const group = basename(path).slice(0, -`${key.version}.data`.length);
  for (const name of readdirSync(cacheFolder(home))) {
    if (name.startsWith(group) && name !== basename(path) && name.endsWith(".data")) {
      rmSync(join(cacheFolder(home), name), { force: true });
    }
  }
}

function cacheFolder(home: string): string {
  return join(home, "cache");
}

function pathOf(home: string, { name, group, version }: CacheKey): string {
  return join(cacheFolder(home), `${name}-${group}-${version}.data`);
}

function shortDigest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
}

function readDataset(file: number): Dataset | undefined {
  const prefix = readBytes(file, 0, PREFIX);
  if (!prefix?.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const headerLength = prefix.readUInt32LE(MAGIC.length);
  const start = PREFIX + headerLength;
  const { size } = fstatSync(file);
  if (start > size) return undefined;
  const json = readBytes(file, PREFIX, headerLength);
  const digest = json && createHash("sha256").update(json).digest();
  if (!digest?.equals(prefix.subarray(MAGIC.length + 4))) return undefined;
  const header: Header = JSON.parse(json!.toString("utf8"));
  const counts = header.splits.map(({ count }) => count);
  const sizes = header.splits.map(({ count, height, width }) => count * height * width * 3);
  const total = 4 * sum(counts) + sum(sizes);
  if (start + total !== size) return undefined;
  const payload = readBytes(file, start, total);
  if (!payload) return undefined;
  const splits: Partial<Record<SplitName, LabelledImages>> = {};
  let labelPlace = payload.byteOffset;
  let pixelPlace = payload.byteOffset + 4 * sum(counts);
  for (const [i, { name, count, height, width }] of header.splits.entries()) {
    splits[name] = {
      images: {
        data: new Uint8Array(payload.buffer, pixelPlace, sizes[i]),
        count,
        height,
        width,
        channels: 3,
      },
      labels: new Int32Array(payload.buffer, labelPlace, count),
    };
    labelPlace += 4 * count;
    pixelPlace += sizes[i];
  }
  const { name, classNames, skipped, notes, labels, arrays } = header;
  return {
    name,
    classNames,
    ...splits,
    train: splits.train!,
    digest: header.digest,
    skipped,
    ...(notes && { notes }),
    ...(labels && { labels }),
    ...(arrays && { arrays }),
  };
}

/** `length` bytes from `start` on, in separate memory; undefined if the file ends before that. */
function readBytes(file: number, start: number, length: number): Buffer | undefined {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let done = 0; done < length; ) {
    const read = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), start + done);
    if (read === 0) return undefined;
    done += read;
  }
  return bytes;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
