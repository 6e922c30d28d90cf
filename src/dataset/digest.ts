// Digests identify datasets: the same names, labels and pixels give the same digest, regardless of their origin.

import { createHash, type Hash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import { openOrdinaryFile } from "../common/ordinary-files.ts";
import { type DatasetContent, splitsOf } from "./reader.ts";

/** System calls and hashes accept less than 2 GiB at once. */
const CHUNK = 2 ** 30;

/** Splits the bytes into pieces that system calls and hashes accept. */
export function chunksOf(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= CHUNK) return [bytes];
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += CHUNK) chunks.push(bytes.subarray(start, start + CHUNK));
  return chunks;
}

/**
 * The memory of a typed array as bytes. Digests and the cache are little-endian, like all machines that Node runs on.
 */
export function bytesOf(array: Int32Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** SHA-256 over class names, labels and pixels, in hexadecimal. */
export function contentDigest(content: DatasetContent): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(content.classNames));
  for (const [name, { images, labels }] of splitsOf(content)) {
    hash.update(JSON.stringify([name, images.count, images.height, images.width]));
    update(hash, bytesOf(labels));
    update(hash, images.data);
  }
  return hash.digest("hex");
}

function update(hash: Hash, bytes: Uint8Array): void {
  for (const chunk of chunksOf(bytes)) hash.update(chunk);
}

/** The digest of a file's content, in hexadecimal. */
export function fileDigest(path: string, algorithm: "md5" | "sha256"): string {
  const hash = createHash(algorithm);
  const buffer = Buffer.allocUnsafe(2 ** 20);
  const { file } = openOrdinaryFile(path);
  try {
    for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) {
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
