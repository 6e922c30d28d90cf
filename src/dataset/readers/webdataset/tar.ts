// Reads tar archives as a stream, plain or compressed, and parts of them by their place. Compression is known by the bytes.

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { extract } from "tar-stream";
import { UsageError } from "../../../common/errors.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { unreadable } from "../../reader.ts";
import { archiveError } from "../archive.ts";

/** A file in an archive. */
export interface TarMember {
  /** With `/`, without `./` at its beginning. */
  readonly name: string;
  /** The place of its content in the decompressed archive, in bytes. */
  readonly start: number;
  readonly size: number;
  /** Its first bytes, or all of them if it was wanted. */
  readonly content: Buffer;
}

/** The first bytes of a member, by which its kind is recognised. */
const BEGINNING = 64;

const HEADER = 512;

/** What is read of a file at a time. */
const AT_ONCE = 2 ** 20;

/** What Git puts in place of a large file that it has not fetched. */
const POINTER = "version https://git-lfs";

/** Compressions by their first bytes. */
const COMPRESSIONS: readonly (readonly [mark: string, name: string])[] = [
  ["\x1f\x8b", "gzip"],
  ["\x28\xb5\x2f\xfd", "zstd"],
  ["BZh", "bzip2"],
  ["\xfd7zXZ", "xz"],
];

type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

async function compressionOf(path: string): Promise<Compression> {
  const file = await open(systemPath(path), "r").catch((error) => {
    throw unreadable(readablePath(path), error);
  });
  try {
    const { buffer } = await file.read(Buffer.alloc(POINTER.length), 0, POINTER.length, 0);
    const start = buffer.toString("latin1");
    if (start === POINTER)
      throw new UsageError(
        `${readablePath(path)} is a pointer of Git LFS, not an archive: fetch its content (git lfs pull)`,
      );
    return (COMPRESSIONS.find(([mark]) => start.startsWith(mark))?.[1] as Compression | undefined) ?? "none";
  } finally {
    await file.close();
  }
}

/** @throws UsageError if Node cannot decompress it. */
function decompressor(path: string, compression: Compression) {
  if (compression === "gzip") return zlib.createGunzip();
  if (compression === "zstd" && "createZstdDecompress" in zlib) return zlib.createZstdDecompress();
  const fix =
    compression === "zstd" ? "use Node 24, or compress it with gzip" : "unpack it, or compress it with gzip";
  throw new UsageError(
    `${readablePath(path)} is compressed with ${compression}, which is not supported: ${fix}`,
  );
}

/** Whether an archive cannot be read because of its compression, or is a pointer of Git LFS. */
export async function isUnsupported(path: string): Promise<boolean> {
  try {
    const compression = await compressionOf(path);
    if (compression !== "none") decompressor(path, compression).destroy();
    return false;
  } catch (error) {
    if (error instanceof UsageError) return true;
    throw error;
  }
}

/**
 * The files of an archive, in order.
 * @param isWanted whether the whole content of a file is needed.
 * @param onOpenEnd is called at the end if the archive does not have the mark of its end.
 * @throws UsageError, one line, if the archive is truncated or damaged.
 */
export async function* membersOf(
  path: string,
  isWanted: (name: string, size: number) => boolean,
  onOpenEnd: () => void = () => {},
): AsyncGenerator<TarMember, void, void> {
  const compression = await compressionOf(path);
  const archive = extract();
  const source = createReadStream(systemPath(path), { highWaterMark: AT_ONCE });
  let total = 0;
  const count = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      total += chunk.length;
      yield chunk;
    }
  };
  const reading =
    compression === "none"
      ? pipeline(source, count, archive)
      : pipeline(source, decompressor(path, compression), count, archive);
  // It is awaited at the end; if the caller stops before that, its failure is of no interest.
  reading.catch(() => {});
  let end = 0;
  try {
    for await (const entry of archive) {
      const { name, size, type } = entry.header;
      const plain = name.replace(/^(\.?\/)+/, "");
      const isFile = type === "file" || type === "contiguous-file";
      const start = entry.offset + HEADER;
      end = start + Math.ceil(size / HEADER) * HEADER;
      const most = isFile && isWanted(plain, size) ? size : Math.min(size, BEGINNING);
      const content = await beginningOf(entry, most);
      if (isFile) yield { name: plain, start, size, content };
    }
    await reading;
    // A block of zeros, or two.
    if (total < end + HEADER) onOpenEnd();
  } catch (error) {
    throw archiveError(readablePath(path), error);
  } finally {
    archive.destroy();
  }
}

/** The first bytes of a member, which is read to its end. */
async function beginningOf(entry: AsyncIterable<unknown>, length: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let missing = length;
  for await (const part of entry) {
    if (missing === 0 || !(part instanceof Uint8Array)) continue;
    parts.push(part.subarray(0, missing));
    missing -= Math.min(missing, part.length);
  }
  return Buffer.concat(parts);
}

/** A part of a decompressed archive. */
export interface TarRange {
  readonly start: number;
  readonly size: number;
}

/** The contents of these parts, which ascend and do not overlap. @throws like membersOf. */
export async function* readRanges(
  path: string,
  ranges: Iterable<TarRange>,
): AsyncGenerator<Uint8Array, void, void> {
  const compression = await compressionOf(path);
  if (compression === "none") yield* readPlain(path, ranges);
  else yield* readCompressed(path, compression, ranges);
}

async function* readPlain(path: string, ranges: Iterable<TarRange>): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(systemPath(path), "r");
  // Pictures mostly follow one another, so that much is read at once.
  let window = Buffer.alloc(0);
  let place = 0;
  try {
    for (const { start, size } of ranges) {
      if (start < place || start + size > place + window.length) {
        place = start;
        window = Buffer.allocUnsafeSlow(Math.max(size, AT_ONCE));
        let length = 0;
        for (let read = -1; read !== 0 && length < window.length; length += read) {
          read = (await file.read(window, length, window.length - length, start + length)).bytesRead;
        }
        window = window.subarray(0, length);
      }
      if (start + size > place + window.length)
        throw archiveError(readablePath(path), new Error("unexpected end"));
      yield window.subarray(start - place, start - place + size);
    }
  } finally {
    await file.close();
  }
}

async function* readCompressed(
  path: string,
  compression: Compression,
  ranges: Iterable<TarRange>,
): AsyncGenerator<Uint8Array, void, void> {
  const source = createReadStream(systemPath(path), { highWaterMark: AT_ONCE });
  const stream = decompressor(path, compression);
  const reading = pipeline(source, stream);
  reading.catch(() => {});
  const wanted = ranges[Symbol.iterator]();
  let next = wanted.next();
  let parts: Uint8Array[] = [];
  let place = 0;
  try {
    for await (const chunk of stream) {
      const bytes: Uint8Array = chunk;
      const end = place + bytes.length;
      while (!next.done && next.value.start < end) {
        const { start, size } = next.value;
        parts.push(bytes.subarray(Math.max(0, start - place), start + size - place));
        if (start + size > end) break;
        yield Buffer.concat(parts, size);
        parts = [];
        next = wanted.next();
      }
      if (next.done) return;
      place = end;
    }
    if (!next.done) throw new Error("unexpected end");
  } catch (error) {
    throw archiveError(readablePath(path), error);
  } finally {
    source.destroy();
    stream.destroy();
  }
}
