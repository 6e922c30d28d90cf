// Tar archives, plain or compressed, file by file.

import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { UsageError } from "../../common/errors.ts";
import { archiveError } from "./archive-error.ts";
import { bytesOfFile, startOfFile } from "./arrays/bytes.ts";
import { whyUnsupported } from "./arrays/kinds.ts";

/** No file of the datasets that are read from archives is as large, in bytes. */
const LARGEST_FILE = 2 ** 30;

const HEADER = 512;
const CHECKSUM = 148;

/** Whether a file begins, decompressed, with the header of a tar archive. */
export function isTarStart(start: Uint8Array): boolean {
  if (start.length < HEADER) return false;
  const header = Buffer.from(start.buffer, start.byteOffset, HEADER);
  const stated = Number.parseInt(header.toString("latin1", CHECKSUM, CHECKSUM + 8), 8);
  // The checksum counts as spaces.
  const sum = header.reduce((total, byte, i) => total + (i >= CHECKSUM && i < CHECKSUM + 8 ? 32 : byte), 0);
  return stated === sum;
}

/** A file in an archive. Its content must be read before the next one. */
interface TarFile {
  /** Without folders. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * The wanted files of a tar archive, in its order; of two files with the same name, the first one.
 * @throws UsageError if the file is truncated or not an archive.
 */
export async function* filesOfTar(
  path: string,
  isWanted: (name: string) => boolean,
): AsyncGenerator<TarFile> {
  checkStart(path);
  const archive = extract();
  const fed = pipeline(Readable.from(bytesOfFile(path)), archive);
  // The loop throws the same error.
  fed.catch(() => undefined);
  const seen = new Set<string>();
  try {
    for await (const entry of archive) {
      const name = basename(entry.header.name);
      const { size = 0, type } = entry.header;
      if (type === "file" && isWanted(name) && !seen.has(name)) {
        seen.add(name);
        yield { name, size, content: contentOf(entry as AsyncIterable<unknown>, path) };
      }
      entry.resume();
    }
    await fed;
  } catch (error) {
    throw archiveError(path, error);
  } finally {
    archive.destroy();
  }
}

/** The content of a file. Its reader gets the errors, not the loop over the files. */
async function* contentOf(entry: AsyncIterable<unknown>, path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of entry) yield piece as Uint8Array;
  } catch (error) {
    throw archiveError(path, error);
  }
}

/** The wanted files of a tar archive by name. @throws UsageError like filesOfTar, or if one is larger than such files are. */
export async function readTar(
  path: string,
  isWanted: (name: string) => boolean,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { name, size, content } of filesOfTar(path, isWanted)) {
    if (size > LARGEST_FILE)
      throw new UsageError(`${path}: ${name} has ${size} bytes, more than the files of such archives`);
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    files.set(name, Buffer.concat(parts));
  }
  return files;
}

function checkStart(path: string): void {
  const { start, compression } = startOfFile(path);
  if (isTarStart(start)) return;
  const unsupported = whyUnsupported(path);
  if (unsupported !== undefined && start.length > 0) throw new UsageError(`${path}: ${unsupported}`);
  if (start.length === 0) {
    const reason = compression === undefined ? "is truncated" : `is not a complete archive (${compression})`;
    throw new UsageError(`${path} ${reason}: fetch it again`);
  }
  throw new UsageError(
    `${path} is not a complete archive (it does not begin as tar archives do): fetch it again`,
  );
}
