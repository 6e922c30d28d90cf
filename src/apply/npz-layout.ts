// numpy's `.npz`, one archive per split: `images` uint8 [count, height, width, 3] (grey ones [count, height, width]),
// `labels` int64 [count], `class_names`. The images' records are written to their final position from the start; the
// data around them follows when their number is known.

import { readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { crc32 } from "node:zlib";
import { writeAll } from "../common/files.ts";
import type { SplitName } from "../dataset/reader.ts";
import { formatNpyHeader, formatNpyStrings } from "../dataset/readers/npy.ts";
import type { RecordFile, RecordLayout, RecordShape } from "./record-files.ts";
import { centralDirectory, localHeader, localHeaderLength, type ZipEntry } from "./zip.ts";

const IMAGES = "images.npy";

/** Bytes for the images' npy header, which contains their number: more than the largest number needs. */
const IMAGES_HEADER = 128;

const CHUNK = 1 << 22;

/** @param labelsOf the labels of a split's records, in their order. */
export function npzLayout(
  classNames: readonly string[],
  labelsOf: (split: SplitName) => Iterable<number>,
): RecordLayout {
  return {
    start: localHeaderLength(IMAGES) + IMAGES_HEADER,
    most: Number.POSITIVE_INFINITY,
    fileName: (split) => `${split}.npz`,
    recordSize: ({ height, width, channels }: RecordShape) => height * width * channels,
    complete: async (file, { split, count, shape }: RecordFile) => {
      const images = await frameImages(file, count, shape);
      const archive = new ArchiveEnd(file, images);
      archive.add("labels.npy", labelArray(count, labelsOf(split)));
      archive.add("class_names.npy", [formatNpyStrings(classNames)]);
      archive.finish();
    },
  };
}

/** Writes the headers before the images. They contain the images' checksum, so the images are read once more. */
async function frameImages(file: number, count: number, shape: RecordShape): Promise<ZipEntry> {
  const { height, width, channels } = shape;
  const sides = channels === 1 ? [count, height, width] : [count, height, width, channels];
  const header = formatNpyHeader("|u1", sides, IMAGES_HEADER);
  const start = localHeaderLength(IMAGES) + header.length;
  const end = start + count * height * width * channels;
  const chunk = Buffer.allocUnsafe(CHUNK);
  let sum = crc32(header);
  for (let place = start; place < end; ) {
    const read = readSync(file, chunk, 0, Math.min(CHUNK, end - place), place);
    if (read === 0) throw new Error("the file ends before its records");
    sum = crc32(chunk.subarray(0, read), sum);
    place += read;
    // Gigabytes take a while; signals must still be handled.
    await setImmediate();
  }
  const entry = { name: IMAGES, offset: 0, size: end - start + header.length, crc32: sum };
  writeAll(file, Buffer.concat([localHeader(entry), header]), 0);
  return entry;
}

/** An int64 array, in pieces. */
function* labelArray(count: number, labels: Iterable<number>): Generator<Uint8Array> {
  yield formatNpyHeader("<i8", [count]);
  let piece = Buffer.alloc(CHUNK);
  let length = 0;
  for (const label of labels) {
    piece.writeBigInt64LE(BigInt(label), length);
    length += 8;
    if (length < CHUNK) continue;
    yield piece;
    piece = Buffer.alloc(CHUNK);
    length = 0;
  }
  yield piece.subarray(0, length);
}

/** The files of an archive after its first one, and its directory. */
class ArchiveEnd {
  readonly #file: number;
  readonly #entries: ZipEntry[];
  #end: number;

  constructor(file: number, first: ZipEntry) {
    this.#file = file;
    this.#entries = [first];
    this.#end = localHeaderLength(first.name) + first.size;
  }

  add(name: string, pieces: Iterable<Uint8Array>): void {
    const offset = this.#end;
    const start = offset + localHeaderLength(name);
    let size = 0;
    let sum = 0;
    for (const piece of pieces) {
      writeAll(this.#file, piece, start + size);
      sum = crc32(piece, sum);
      size += piece.length;
    }
    const entry = { name, offset, size, crc32: sum };
    writeAll(this.#file, localHeader(entry), offset);
    this.#entries.push(entry);
    this.#end = start + size;
  }

  finish(): void {
    writeAll(this.#file, centralDirectory(this.#entries, this.#end), this.#end);
  }
}
