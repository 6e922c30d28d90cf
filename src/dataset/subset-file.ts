// The training and validation subsets of a search as one raw file, so that worker processes load only what they need: a
// JSON line, then training labels, training pixels, validation labels, validation pixels.

import { createHash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import { z } from "zod";
import { RunError, systemReason } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { parseJson } from "../common/json.ts";
import { openOrdinaryFile, readOrdinaryFile } from "../common/ordinary-files.ts";
import type { ImageBatch } from "../image/batch.ts";
import { type Dataset, type LabelledImages, selectLabelled } from "./dataset.ts";
import { bytesOf, chunksOf } from "./digest.ts";
import type { Subsets } from "./subsets.ts";

export interface SubsetImages {
  readonly train: LabelledImages;
  readonly validation: LabelledImages;
  readonly classes: number;
}

/** [count, height, width, channels] */
const SIZE = z.int().positive();
const SHAPE = z.tuple([z.int().nonnegative(), SIZE, SIZE, SIZE]);

const HEADER = z.object({
  format: z.literal("deepaugment-subsets"),
  classes: z.int().positive(),
  ...{ train: SHAPE, validation: SHAPE },
});

type Header = z.output<typeof HEADER>;

/** The drawn images. */
export function selectSubsets(
  dataset: Dataset,
  { train, validation, validationFrom }: Subsets,
): SubsetImages {
  const source = dataset[validationFrom];
  if (!source) throw new RangeError(`${dataset.name} has no ${validationFrom} split`);
  return {
    train: selectLabelled(dataset.train, train),
    validation: selectLabelled(source, validation),
    classes: dataset.classNames.length,
  };
}

/** Writes the whole file atomically. @throws RunError */
export function writeSubsets(path: string, subsets: SubsetImages): void {
  writeFileWhole(path, partsOf(subsets));
}

/** SHA-256 of the file that `writeSubsets` writes, in hexadecimal. */
export function subsetsDigest(subsets: SubsetImages): string {
  const hash = createHash("sha256");
  for (const part of partsOf(subsets)) for (const chunk of chunksOf(part)) hash.update(chunk);
  return hash.digest("hex");
}

/** The file's content, in order. */
function partsOf({ train, validation, classes }: SubsetImages): Uint8Array[] {
  const header: Header = {
    format: "deepaugment-subsets",
    classes,
    train: shapeOf(train.images),
    validation: shapeOf(validation.images),
  };
  return [
    Buffer.from(`${JSON.stringify(header)}\n`),
    bytesOf(train.labels),
    train.images.data,
    bytesOf(validation.labels),
    validation.images.data,
  ];
}

/** A header has a few hundred bytes. */
const MOST_HEADER_BYTES = 65_536;

/** The number of training images in a file. @throws RunError if it is missing or damaged. */
export function trainImagesIn(path: string): number {
  try {
    const { file } = openOrdinaryFile(path);
    try {
      const start = Buffer.alloc(MOST_HEADER_BYTES);
      const bytes = start.subarray(0, readSync(file, start));
      const header = parseHeader(bytes.subarray(0, bytes.indexOf("\n")));
      if (header) return header.train[0];
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new RunError(`cannot read ${path}: ${systemReason(error)}`);
  }
  throw damaged(path);
}

function damaged(path: string): RunError {
  return new RunError(`${path} is damaged; remove it and run again`);
}

/** Reads the whole file. @throws RunError if it is missing or damaged. */
export function readSubsets(path: string): SubsetImages {
  let bytes: Buffer;
  try {
    bytes = readOrdinaryFile(path);
  } catch (error) {
    throw new RunError(`cannot read ${path}: ${systemReason(error)}`);
  }
  const headerEnd = bytes.indexOf("\n");
  const header = parseHeader(bytes.subarray(0, headerEnd));
  if (!header || bytes.length - headerEnd - 1 !== lengthOf(header.train) + lengthOf(header.validation)) {
    throw damaged(path);
  }
  let offset = headerEnd + 1;
  const take = (length: number) => {
    const part = new Uint8Array(length);
    part.set(bytes.subarray(offset, offset + length));
    offset += length;
    return part;
  };
  const takeSet = ([count, height, width, channels]: Header["train"]): LabelledImages => ({
    labels: new Int32Array(take(4 * count).buffer),
    images: { data: take(count * height * width * channels), count, height, width, channels },
  });
  return { train: takeSet(header.train), validation: takeSet(header.validation), classes: header.classes };
}

function parseHeader(bytes: Buffer): Header | undefined {
  try {
    return HEADER.safeParse(parseJson(bytes.toString("utf8"))).data;
  } catch {
    return undefined; // not JSON
  }
}

/** Bytes of the labels and the pixels. */
function lengthOf([count, height, width, channels]: Header["train"]): number {
  return count * (4 + height * width * channels);
}

function shapeOf({ count, height, width, channels }: ImageBatch): [number, number, number, number] {
  return [count, height, width, channels];
}
