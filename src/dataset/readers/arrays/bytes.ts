// The bytes of a file as a stream, decompressed. Compression is recognised by the first bytes, never by the name.

import { createReadStream, statSync } from "node:fs";
import { pipeline, type Transform } from "node:stream";
import zlib from "node:zlib";
import { UsageError } from "../../../common/errors.ts";
import { openOrdinaryFile, readBeginning } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { unreadable } from "../../reader.ts";
import { archiveError } from "../archive-error.ts";
import { DamagedProblem } from "./problem.ts";

type Compression = "gzip" | "zstd";

/** The beginning of a file. */
export interface FileStart {
  readonly compression: Compression | undefined;
  /** The first bytes, decompressed; none if the first bytes cannot be decompressed. */
  readonly start: Buffer;
}

/** Bytes that are read to find out what a file is: enough for the header of a tar archive, and of Zstandard's first block. */
const BEGINNING = 512;
const ZSTD_BEGINNING = 140_000;
const MOST_DECOMPRESSED = 2 ** 26;

const MARKS: Readonly<Record<Compression, string>> = { gzip: "\x1f\x8b", zstd: "\x28\xb5\x2f\xfd" };

/** Deflate makes a byte of at most this many. */
const DEFLATE_RATIO = 1032;

/**
 * What is compressed may unpack to this many times its size, and in any case to this many bytes. Images do not shrink as much
 * unless nearly all of them are blank.
 */
const MOST_RATIO = 64;
const UNPACKED_ANYWAY = 2 ** 28;

/** How users avoid the compression. */
const INSTEAD: Readonly<Record<Exclude<FileRange["compression"], "none" | undefined>, string>> = {
  gzip: "decompress it first (gunzip)",
  zstd: "decompress it first (zstd -d)",
  "raw deflate": "save it without compression (numpy.savez)",
  zlib: "save it without compression (save(file, '-v6'))",
};

/** How many bytes may be unpacked, and what is wrong with more. */
export interface UnpackLimit {
  readonly most: number;
  readonly problem: string;
}

/** The limit for `size` compressed bytes; undefined if they are not compressed. */
export function unpackLimit(size: number, compression: FileRange["compression"]): UnpackLimit | undefined {
  if (compression === undefined || compression === "none") return undefined;
  const most = Math.max(UNPACKED_ANYWAY, MOST_RATIO * size);
  const problem =
    `it unpacks to more than ${most} bytes, the most that is expected of ${size} compressed ones: ` +
    `if that is right, ${INSTEAD[compression]}`;
  return { most, problem };
}

/** @throws UsageError if the file cannot be read. */
export function startOfFile(path: string): FileStart {
  const bytes = firstBytes(path, BEGINNING);
  const compression = compressionOf(bytes);
  if (compression === undefined) return { compression, start: bytes };
  try {
    const start =
      compression === "gzip"
        ? zlib.gunzipSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH })
        : unZstd(firstBytes(path, ZSTD_BEGINNING));
    return { compression, start };
  } catch {
    // Reading the file will say what is wrong with it.
    return { compression, start: Buffer.alloc(0) };
  }
}

function unZstd(bytes: Buffer): Buffer {
  return zlib.zstdDecompressSync(bytes, {
    finishFlush: zlib.constants.ZSTD_e_flush,
    maxOutputLength: MOST_DECOMPRESSED,
  });
}

function compressionOf(bytes: Buffer): Compression | undefined {
  const text = bytes.toString("latin1", 0, 4);
  const names = Object.keys(MARKS) as Compression[];
  return names.find((name) => text.startsWith(MARKS[name]));
}

/** The first bytes of a file as they are. @throws UsageError if it cannot be read. */
export function firstBytes(path: string, length: number): Buffer {
  try {
    return readBeginning(systemPath(path), length);
  } catch (error) {
    throw unreadable(readablePath(path), error);
  }
}

function openFile(path: string): ReturnType<typeof openOrdinaryFile> {
  try {
    return openOrdinaryFile(systemPath(path));
  } catch (error) {
    throw unreadable(readablePath(path), error);
  }
}

/** A part of a file, from `start` to before `end`, and how it is compressed. */
export interface FileRange {
  readonly start?: number;
  readonly end?: number;
  /** Unless given, the whole file is decompressed as its first bytes say. */
  readonly compression?: Compression | "raw deflate" | "zlib" | "none";
}

/**
 * The bytes of a file, decompressed.
 * @throws UsageError naming the file if it cannot be read or decompressed, or unpacks to more than `unpackLimit` allows.
 */
export async function* bytesOfFile(path: string, range: FileRange = {}): AsyncGenerator<Uint8Array> {
  const { start = 0, end } = range;
  if (end !== undefined && end <= start) return;
  const compression = range.compression ?? compressionOf(firstBytes(path, 4)) ?? "none";
  const unpack = compression === "none" ? undefined : decompressor(compression, path);
  const { file, size } = openFile(path);
  const source = createReadStream(path, {
    fd: file,
    start,
    ...(end !== undefined && { end: end - 1 }),
    highWaterMark: Math.min(2 ** 20, (end ?? Number.POSITIVE_INFINITY) - start),
  });
  const limit = unpack && unpackLimit((end ?? size) - start, compression);
  let found = 0;
  // The error of either one ends the loop.
  const stream = unpack ? pipeline(source, unpack, () => undefined) : source;
  try {
    for await (const piece of stream) {
      found += piece.length;
      if (limit && found > limit.most) throw new UsageError(`${readablePath(path)}: ${limit.problem}`);
      yield piece as Uint8Array;
    }
  } catch (error) {
    throw archiveError(readablePath(path), error);
  } finally {
    source.destroy();
    unpack?.destroy();
  }
}

function decompressor(
  compression: Exclude<FileRange["compression"], "none" | undefined>,
  path: string,
): Transform {
  const options = { chunkSize: 2 ** 18 };
  if (compression === "gzip") return zlib.createGunzip(options);
  if (compression === "zlib") return zlib.createInflate(options);
  if (compression === "raw deflate") return zlib.createInflateRaw(options);
  // Node has Zstandard from version 22.15 on.
  if (zlib.createZstdDecompress) return zlib.createZstdDecompress(options);
  throw new UsageError(
    `${readablePath(path)} is compressed with Zstandard, which needs Node 22.15 or newer: decompress it (zstd -d), or update Node`,
  );
}

/** No more decompressed bytes than these can be in a file; and how many may be. */
export function mostBytes(path: string): { readonly available: number; readonly limit?: UnpackLimit } {
  const { size } = statSync(systemPath(path));
  const compression = compressionOf(firstBytes(path, 4)) ?? "none";
  const limit = unpackLimit(size, compression);
  return { available: mostDecompressed(size, compression), ...(limit && { limit }) };
}

/** No more bytes than these can come from `size` compressed ones. */
export function mostDecompressed(size: number, compression: FileRange["compression"]): number {
  if (compression === "none") return size;
  return compression === "zstd" ? Number.MAX_SAFE_INTEGER : size * DEFLATE_RATIO + 64;
}

/** Takes bytes from the beginning of a stream, and leaves the rest. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next bytes: `count` of them, or all that are left. */
  async upTo(count: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let missing = count;
    while (missing > 0) {
      if (this.#held.length === 0) {
        const { done, value } = await this.#pieces.next();
        if (done) break;
        this.#held = value;
      }
      const part = this.#held.subarray(0, missing);
      parts.push(part);
      this.#held = this.#held.subarray(part.length);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** The next `count` bytes. @throws DamagedProblem if there are fewer. */
  async take(count: number): Promise<Buffer> {
    const bytes = await this.upTo(count);
    if (bytes.length < count) throw new DamagedProblem("it is truncated");
    return bytes;
  }

  /** Makes these bytes the next ones. */
  putBack(bytes: Uint8Array): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([bytes, this.#held]);
  }

  /** All that is left. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      if (this.#held.length > 0) yield this.#held;
      for (;;) {
        const { done, value } = await this.#pieces.next();
        if (done) return;
        yield value;
      }
    } finally {
      await this.close();
    }
  }

  /** Ends the stream, also if there is more of it. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
