// Reads tar archives as a stream, plain or compressed, and parts of them by their place. Compression is known by the bytes.

import type { FileHandle } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";
import { UsageError } from "../../../common/errors.ts";
import { openOrdinaryHandle } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { unreadable } from "../../reader.ts";
import { archiveError } from "../archive-error.ts";
import { bytesOfFile, startOfFile } from "../arrays/bytes.ts";
import { whyUnsupported } from "../arrays/kinds.ts";

/** A file in an archive. */
export interface TarMember {
  /** With `/`, without `./` at its beginning. */
  readonly name: string;
  /** The place of its content in the decompressed archive, in bytes. */
  readonly start: number;
  readonly size: number;
  /** Its first bytes, or all of them if it was wanted. */
  readonly content: Buffer;
  /** Of a link, which has no content: the name of the file that it stands for. */
  readonly target?: string;
  /** What it is if it is neither a file nor a link. */
  readonly other?: string;
}

/** The first bytes of a member, by which its kind is recognised. */
const BEGINNING = 64;

const HEADER = 512;

/** What is read of a file at a time. */
const AT_ONCE = 2 ** 20;

/** @throws UsageError if the file is something else that is known, or in a compression that is not supported. */
function checkSupported(path: string): void {
  const reason = whyUnsupported(path);
  if (reason !== undefined) throw new UsageError(`${readablePath(path)}: ${reason}`);
}

function openArchive(path: string): Promise<FileHandle> {
  return openOrdinaryHandle(systemPath(path)).catch((error) => {
    throw unreadable(readablePath(path), error);
  });
}

/**
 * The files and links of an archive, in order; all but its folders.
 * @param isWanted whether the whole content of a file is needed.
 * @param onOpenEnd is called at the end if the archive does not have the mark of its end.
 * @throws UsageError, one line, if the archive is truncated or damaged.
 */
export async function* membersOf(
  path: string,
  isWanted: (name: string, size: number) => boolean,
  onOpenEnd: () => void = () => {},
): AsyncGenerator<TarMember, void, void> {
  checkSupported(path);
  const archive = extract();
  let total = 0;
  const counted = async function* () {
    for await (const chunk of bytesOfFile(path)) {
      total += chunk.length;
      yield chunk;
    }
  };
  const reading = pipeline(Readable.from(counted()), archive);
  // It is awaited at the end; if the caller stops before that, its failure is of no interest.
  reading.catch(() => {});
  let end = 0;
  try {
    for await (const entry of archive) {
      const { name, size, type } = entry.header;
      const plain = plainName(name);
      const isFile = type === "file" || type === "contiguous-file";
      const start = entry.offset + HEADER;
      end = start + Math.ceil(size / HEADER) * HEADER;
      const most = isFile && isWanted(plain, size) ? size : Math.min(size, BEGINNING);
      const content = await beginningOf(entry, most);
      if (type === "directory") continue;
      yield { name: plain, start, size, content, ...(!isFile && linkOrOther(entry.header, plain)) };
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

function plainName(name: string): string {
  return name.replace(/^(\.?\/)+/, "");
}

function linkOrOther({ type, linkname }: Header, name: string): Pick<TarMember, "target" | "other"> {
  if (linkname && type === "link") return { target: plainName(linkname) };
  if (linkname && type === "symlink")
    return { target: linkname.startsWith("/") ? linkname : posix.join(posix.dirname(name), linkname) };
  return { other: type ?? "of an unknown type" };
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

/** The contents of these parts, which ascend; parts that overlap are the same one, as links are. @throws like membersOf. */
export async function* readRanges(
  path: string,
  ranges: Iterable<TarRange>,
): AsyncGenerator<Uint8Array, void, void> {
  checkSupported(path);
  const { compression } = startOfFile(path);
  if (compression === undefined) yield* readPlain(path, ranges);
  else yield* readCompressed(path, ranges);
}

/** Pictures mostly follow one another, so that much is read at once. */
async function* readPlain(path: string, ranges: Iterable<TarRange>): AsyncGenerator<Uint8Array, void, void> {
  const file = await openArchive(path);
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
  ranges: Iterable<TarRange>,
): AsyncGenerator<Uint8Array, void, void> {
  const wanted = ranges[Symbol.iterator]();
  let next = wanted.next();
  let parts: Uint8Array[] = [];
  let place = 0;
  try {
    for await (const bytes of bytesOfFile(path)) {
      const end = place + bytes.length;
      while (!next.done && next.value.start < end) {
        const { start, size } = next.value;
        parts.push(bytes.subarray(Math.max(0, start - place), start + size - place));
        if (start + size > end) break;
        const content = Buffer.concat(parts, size);
        do {
          yield content;
          next = wanted.next();
        } while (!next.done && next.value.start === start && next.value.size === size);
        parts = [];
      }
      if (next.done) return;
      place = end;
    }
    if (!next.done) throw new Error("unexpected end");
  } catch (error) {
    throw archiveError(readablePath(path), error);
  }
}
