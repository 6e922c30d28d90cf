// Damages files of arrays, and finds out what reading them does: a result, or an error of one line.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { RunError, UsageError } from "../../src/common/errors.ts";
import type { Random } from "../../src/common/random.ts";
import { type DatasetContent, splitsOf } from "../../src/dataset/reader.ts";
import { findSource } from "../../src/dataset/source.ts";
import { imageSize } from "../../src/image/batch.ts";
import type { ArrayCase } from "./arrays-set.ts";
import { writeFiles } from "./fixtures/files.ts";

/** Longer messages are no line that anyone reads. */
const LONGEST_MESSAGE = 1000;

/** Bytes of headers are damaged as often as all others together. */
const HEADER = 160;

const LARGE = [0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x10000, 0xffff, 1_000_000_000];

/** What became of a damaged file: the number of images read, or the error's message. */
export type Outcome = { readonly images: number } | { readonly message: string };

/** Flips bits, cuts the file off, cuts bytes out, repeats bytes, or makes a number large. Of compressed files, also what is in them. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (isGzip && random.chance(0.7)) return gzipSync(mutate(gunzipSync(bytes), random));
  if (bytes.length === 0) return Uint8Array.of(random.integer(0, 255));
  const place = () => {
    const end = random.chance(0.5) ? Math.min(HEADER, bytes.length) : bytes.length;
    // Directories of archives are at the end.
    return random.chance(0.2) ? bytes.length - random.integer(1, end) : random.integer(0, end - 1);
  };
  const kind = random.integer(0, 5);
  if (kind === 0) return bytes.subarray(0, place());
  if (kind === 1) {
    const [start, length] = [place(), random.integer(1, 20)];
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
  }
  if (kind === 2) {
    const [start, length] = [place(), random.integer(1, 1000)];
    return Buffer.concat([bytes.subarray(0, start + length), bytes.subarray(start)]);
  }
  const mutated = Buffer.from(bytes);
  if (kind === 3 && bytes.length > 8) {
    const start = Math.min(place(), bytes.length - 4);
    const value = LARGE[random.integer(0, LARGE.length - 1)];
    if (random.chance(0.5)) mutated.writeUInt32LE(value, start);
    else mutated.writeUInt32BE(value, start);
    return mutated;
  }
  if (kind === 4) return enlargeNumber(mutated, place());
  for (let i = random.integer(1, 3); i > 0; i--) mutated[place()] ^= 1 << random.integer(0, 7);
  return mutated;
}

/** Makes the next number in text, from a place on, a large one of as many digits as fit. */
function enlargeNumber(bytes: Buffer, place: number): Buffer {
  const isDigit = (byte: number) => byte >= 48 && byte <= 57;
  const start = bytes.findIndex((byte, i) => i >= place && isDigit(byte));
  if (start < 0) return bytes;
  let end = start;
  // Numbers of headers are followed by spaces.
  while (end < bytes.length && end < start + 9 && (isDigit(bytes[end]) || bytes[end] === 32)) end++;
  return bytes.fill("9", start, end);
}

/** Damages one of the files of a case. */
export function damage(each: ArrayCase, random: Random): ArrayCase {
  const names = Object.keys(each.files);
  const own = names.find((name) => name === each.path);
  const name = own && random.chance(0.8) ? own : names[random.integer(0, names.length - 1)];
  const content = each.files[name];
  return { ...each, files: { ...each.files, [name]: mutate(Buffer.from(content), random) } };
}

/**
 * Reads the files of a case.
 * @throws Error if the result contradicts itself, or the error is not one line for the user.
 */
export async function outcomeOf({ files, path }: ArrayCase, folder: string): Promise<Outcome> {
  writeFiles(files, folder);
  try {
    const source = await findSource(join(folder, path));
    if (source.named) throw new Error("a dataset's name");
    return { images: countImages(await source.reader.read(join(folder, path), {})) };
  } catch (error) {
    const isForUser = error instanceof UsageError || error instanceof RunError;
    if (!isForUser) throw error;
    if (/\n/.test(error.message) || error.message.length > LONGEST_MESSAGE)
      throw new Error(`not one line: ${error.message}`);
    return { message: error.message };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countImages(content: DatasetContent): number {
  let count = 0;
  for (const [split, { images, labels }] of splitsOf(content)) {
    if (images.data.length !== images.count * imageSize(images) || labels.length !== images.count)
      throw new Error(
        `${split}: ${images.count} images, ${images.data.length} bytes, ${labels.length} labels`,
      );
    count += images.count;
  }
  return count;
}
