// How the standalone executable holds files that it unpacks to disk: the SHA-256 of the content, then the content,
// compressed by Zstandard.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
// As a whole, since Node 20, on which the package runs, has no Zstandard.
import zlib from "node:zlib";
import { RunError, systemReason } from "./errors.ts";
import { writeFileWhole } from "./files.ts";
import { readOrdinaryFile } from "./ordinary-files.ts";

const DIGEST_BYTES = 32;

/** A higher level takes ten times as long for a tenth less. */
const LEVEL = 9;

export function packFile(content: Uint8Array): Buffer {
  const params = { [zlib.constants.ZSTD_c_compressionLevel]: LEVEL };
  return Buffer.concat([sha256(content), zlib.zstdCompressSync(content, { params })]);
}

/**
 * The path of the content on disk: `name` in a subfolder of `folder` that is named by the content's digest. The file is
 * written only if it is missing or differs.
 * @throws RunError if it cannot be read or written.
 */
export function unpackFile(packed: Uint8Array, folder: string, name: string): string {
  const digest = Buffer.from(packed.subarray(0, DIGEST_BYTES));
  const path = join(folder, digest.toString("hex").slice(0, 16), name);
  if (!existsSync(path) || !sha256(contentOf(path)).equals(digest)) {
    writeFileWhole(path, zlib.zstdDecompressSync(packed.subarray(DIGEST_BYTES)));
  }
  return path;
}

function contentOf(path: string): Buffer {
  try {
    return readOrdinaryFile(path);
  } catch (error) {
    throw new RunError(`cannot read ${path}: ${systemReason(error)}; remove it`);
  }
}

function sha256(content: Uint8Array): Buffer {
  return createHash("sha256").update(content).digest();
}
