// Compressed files: tar archives, plain or gzipped, and single gzipped files.

import { createReadStream, readFileSync } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { messageOf, systemCode, UsageError } from "../../common/errors.ts";
import { unreadable } from "../reader.ts";

/**
 * The wanted files of a tar archive (gzipped or not) by base name; of two files with the same name, the first one.
 * @throws UsageError if the file is truncated or not an archive.
 */
export async function readTar(
  path: string,
  isWanted: (name: string) => boolean,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const archive = extract();
  archive.on("entry", (header, stream, next) => {
    const name = basename(header.name);
    const keep = header.type === "file" && isWanted(name) && !files.has(name);
    const parts: Buffer[] = [];
    if (keep) stream.on("data", (part) => parts.push(part as Buffer));
    else stream.resume();
    stream.on("end", () => {
      if (keep) files.set(name, Buffer.concat(parts));
      next();
    });
    stream.on("error", next);
  });
  try {
    const source = createReadStream(path);
    if (isGzip(path)) await pipeline(source, createGunzip(), archive);
    else await pipeline(source, archive);
  } catch (error) {
    throw archiveError(path, error);
  }
  return files;
}

/** The content of a file, decompressed if it is gzipped. @throws UsageError if it is truncated or cannot be read. */
export function readMaybeGzipped(path: string): Uint8Array {
  try {
    const bytes = readFileSync(path);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  } catch (error) {
    throw archiveError(path, error);
  }
}

function isGzip(path: string): boolean {
  return /\.(gz|tgz)$/i.test(path);
}

/** The error for an archive that cannot be read to its end. */
export function archiveError(path: string, error: unknown): UsageError {
  const code = systemCode(error) ?? "";
  if (/^E[A-Z]+$/.test(code)) return unreadable(path, error);
  if (code === "Z_BUF_ERROR" || /unexpected end/i.test(messageOf(error))) {
    return new UsageError(`${path} is truncated: fetch it again`);
  }
  return new UsageError(`${path} is not a complete archive (${messageOf(error)}): fetch it again`);
}
