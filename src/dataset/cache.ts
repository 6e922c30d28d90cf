// Decoded datasets as raw files, so that later starts read one file instead of decoding thousands.
//
// File format: magic (16 bytes), length of the header (4 bytes, little-endian), CRC-32 of the length and of all that follows
// (4 bytes, little-endian), the header (JSON, padded with spaces), the labels of all splits (int32), the pixels of all splits
// (uint8).

import { createHash } from "node:crypto";
import { closeSync, readdirSync, rmSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { messageOf, RunError, systemCode, systemReason } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { parseJson } from "../common/json.ts";
import { checkOrdinary, openOrdinaryFile, readInto } from "../common/ordinary-files.ts";
import { readablePath, systemPath } from "../common/path-bytes.ts";
import type { Dataset, LabelledImages } from "./dataset.ts";
import { bytesOf, chunksOf } from "./digest.ts";
import { SPLITS, type SplitName, splitsOf, unreadable } from "./reader.ts";

/** The number rises whenever this format or the pixels of a decoder change, so that older files are decoded again. */
const MAGIC = Buffer.from("deepaugment-d06\n");
const MAGIC_OF_ANY = /^deepaugment-d\d\d\n$/;
/** How to fix a cache that cannot be used. */
const ELSEWHERE = "or set DEEPAUGMENT_HOME to another folder";

const LENGTH = MAGIC.length;
const SUM = LENGTH + 4;
const PREFIX = SUM + 4;

/** Bytes that are read and summed at a time: the sum finds them in the processor's cache. */
const PIECE = 2 ** 18;

const count = z.int().nonnegative();

const ARRAY = z.object({ name: z.string(), stored: z.string(), read: z.string() });

const HEADER = z.object({
  name: z.string(),
  classNames: z.array(z.string()).min(2),
  splits: z
    .array(z.object({ name: z.enum(SPLITS), count, height: z.int().positive(), width: z.int().positive() }))
    .refine((splits) => splits.some(({ name }) => name === "train")),
  digest: z.string(),
  skipped: z.array(z.object({ path: z.string(), reason: z.string() })),
  notes: z.array(z.string()).optional(),
  labels: z
    .object({
      tables: z.array(
        z.object({
          ...{ path: z.string(), more: count.optional(), imageColumn: z.string() },
          ...{ labelColumns: z.array(z.string()), classNames: z.string().optional() },
          images: z.record(z.string(), count),
        }),
      ),
      examples: z.array(z.object({ image: z.string(), className: z.string(), split: z.string() })),
    })
    .optional(),
  arrays: z.array(z.object({ split: z.string(), images: ARRAY, labels: ARRAY })).optional(),
});

type Header = Readonly<
  Pick<Dataset, "name" | "classNames" | "digest" | "skipped" | "notes" | "labels" | "arrays">
> & {
  readonly splits: readonly { name: SplitName; count: number; height: number; width: number }[];
};

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
      const stats = statSync(systemPath(path));
      // Readers open these files next.
      checkOrdinary(stats);
      return [path, stats.size, stats.mtimeMs];
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

/** What is in the cache. */
export interface Cached {
  /** Undefined if there is none, or an older version of this program has written it. */
  readonly dataset?: Dataset;
  /** Says that the file is damaged, and is made again. */
  readonly note?: string;
}

/** The dataset under this key. @throws RunError if something else than a file is there, or it cannot be read. */
export function readCache(home: string, key: CacheKey): Cached {
  const path = pathOf(home, key);
  let opened: ReturnType<typeof openOrdinaryFile>;
  try {
    opened = openOrdinaryFile(path);
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (["ENOENT", "ENOTDIR"].includes(code)) return {};
    const fix = ["EACCES", "EPERM"].includes(code) ? "" : "remove it, ";
    throw new RunError(`cannot read ${path}: ${systemReason(error)}; ${fix}${ELSEWHERE}`);
  }
  try {
    const dataset = readDataset(opened.file, opened.size);
    if (dataset === "older") return {};
    return dataset ? { dataset } : { note: `${path} was damaged: it has been made again` };
  } catch (error) {
    throw new RunError(`cannot read ${path}: ${systemReason(error)}; ${ELSEWHERE}`);
  } finally {
    closeSync(opened.file);
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
  const content = [
    padded,
    ...splits.map(([, { labels }]) => bytesOf(labels)),
    ...splits.flatMap(([, { images }]) => chunksOf(images.data)),
  ];
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE([length, ...content].reduce((crc, part) => crc32(part, crc), 0));
  try {
    writeFileWhole(path, [MAGIC, length, sum, ...content]);
  } catch (error) {
    throw new RunError(`${messageOf(error)}; ${ELSEWHERE}`);
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

/** Undefined if the file is not as `writeCache` writes it; "older" if another version wrote it. */
function readDataset(file: number, size: number): Dataset | "older" | undefined {
  const prefix = Buffer.alloc(PREFIX);
  if (size < PREFIX || readInto(file, prefix) < PREFIX) return undefined;
  const magic = prefix.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC)) return MAGIC_OF_ANY.test(magic.toString("latin1")) ? "older" : undefined;
  const headerLength = prefix.readUInt32LE(LENGTH);
  if (headerLength > size - PREFIX) return undefined;
  const json = Buffer.alloc(headerLength);
  if (readInto(file, json, PREFIX) < headerLength) return undefined;
  const header = parseHeader(json);
  // Nothing is read into memory that the header does not describe.
  const payload = size - PREFIX - headerLength;
  if (!header || payload !== payloadOf(header)) return undefined;
  const content = Buffer.from(new ArrayBuffer(payload));
  const begun = crc32(json, crc32(prefix.subarray(LENGTH, SUM)));
  const sum = readSummed(file, content, { start: PREFIX + headerLength, begun });
  if (sum !== prefix.readUInt32LE(SUM)) return undefined;
  const dataset = datasetOf(header, content);
  return hasClasses(dataset) ? dataset : undefined;
}

/** Whether each label is that of a class. */
function hasClasses(dataset: Dataset): boolean {
  const { length } = dataset.classNames;
  return splitsOf(dataset).every(([, { labels }]) => labels.every((label) => label >= 0 && label < length));
}

/** Bytes of all labels and pixels. */
function payloadOf({ splits }: Header): number {
  return sum(splits.map(({ count, height, width }) => count * (4 + height * width * 3)));
}

/** The dataset in this memory, without copying it. */
function datasetOf(header: Header, content: Buffer): Dataset {
  const counts = header.splits.map(({ count }) => count);
  const sizes = header.splits.map(({ count, height, width }) => count * height * width * 3);
  const splits: Partial<Record<SplitName, LabelledImages>> = {};
  let labelPlace = content.byteOffset;
  let pixelPlace = labelPlace + 4 * sum(counts);
  for (const [i, { name, count, height, width }] of header.splits.entries()) {
    splits[name] = {
      images: {
        data: new Uint8Array(content.buffer, pixelPlace, sizes[i]),
        ...{ count, height, width },
        channels: 3,
      },
      labels: new Int32Array(content.buffer, labelPlace, count),
    };
    labelPlace += 4 * count;
    pixelPlace += sizes[i];
  }
  const { name, classNames, digest, skipped, notes, labels, arrays } = header;
  return {
    ...{ name, classNames },
    ...splits,
    train: splits.train!,
    ...{ digest, skipped },
    ...(notes && { notes }),
    ...(labels && { labels }),
    ...(arrays && { arrays }),
  };
}

function parseHeader(bytes: Buffer): Header | undefined {
  try {
    return HEADER.safeParse(parseJson(bytes.toString("utf8"))).data;
  } catch {
    return undefined; // not JSON
  }
}

/** Fills the buffer with what is in the file from `start` on; returns the CRC-32 of it and of what it has begun with. */
function readSummed(
  file: number,
  content: Buffer,
  { start, begun }: { readonly start: number; readonly begun: number },
): number {
  let crc = begun;
  for (let done = 0; done < content.length; done += PIECE) {
    const piece = content.subarray(done, done + PIECE);
    crc = crc32(piece.subarray(0, readInto(file, piece, start + done)), crc);
  }
  return crc;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
