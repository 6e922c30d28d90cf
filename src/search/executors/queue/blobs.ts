// Files in Redis, named by the SHA-256 of their content: each travels once to the server and once to each machine. A file is
// compressed and split into chunks, since a value of Redis should not be large; all of it expires unless it is renewed.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, Readable, type Writable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { RunError, systemReason, UsageError } from "../../../common/errors.ts";
import type { QueueConnection } from "./connection.ts";
import { BLOB, MessageError, parseMessage } from "./messages.ts";

/** Of a chunk, compressed. */
const CHUNK_BYTES = 2 ** 20;
/** Of a file, as it is and compressed. */
const MOST_BYTES = 8 * 2 ** 30;
/** How long a file stays that nothing renews, in seconds. */
const LIFETIME = 24 * 3600;
/** A chunk outlives what says that it is there. */
const CHUNK_LIFETIME = LIFETIME + 3600;
/** Fast, since images hardly get smaller by more effort. */
const EFFORT = { level: 1 };

/** Some file is not in Redis, or no longer. */
export class BlobMissingError extends RunError {}

/**
 * Puts a file into Redis, unless it is there.
 * @throws UsageError if it is not the file of that content; RunError if it cannot be read, or the server takes no more.
 */
export async function putFile(connection: QueueConnection, digest: string, path: string): Promise<void> {
  if (await hasBlob(connection, digest)) return;
  await putBlob(connection, digest, createReadStream(path), path);
}

/** The same for bytes. Returns their digest. */
export async function putBytes(connection: QueueConnection, bytes: Uint8Array): Promise<string> {
  const digest = createHash("sha256").update(bytes).digest("hex");
  if (!(await hasBlob(connection, digest))) await putBlob(connection, digest, Readable.from([bytes]), "it");
  return digest;
}

async function hasBlob(connection: QueueConnection, digest: string): Promise<boolean> {
  return (await connection.redis.exists(headKey(connection, digest))) === 1;
}

async function putBlob(
  connection: QueueConnection,
  digest: string,
  content: Readable,
  name: string,
): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  let chunks = 0;
  const measured = content.map((part: Buffer) => {
    hash.update(part);
    bytes += part.length;
    return part;
  });
  try {
    for await (const chunk of inChunks(piped(measured, createGzip(EFFORT)))) {
      const key = chunkKey(connection, digest, chunks++);
      await connection.redis.set(key, chunk, "EX", CHUNK_LIFETIME);
    }
  } catch (error) {
    throw new RunError(`cannot send ${name} to ${connection.shown}: ${systemReason(error)}`);
  }
  const received = hash.digest("hex");
  if (received !== digest) {
    throw new UsageError(
      `${name} is not the file that the training was given: its SHA-256 is ${received.slice(0, 12)}…, expected ${digest.slice(0, 12)}…; restore the file as it was written`,
    );
  }
  const head = JSON.stringify({ bytes, chunks });
  await connection.redis.set(headKey(connection, digest), head, "EX", LIFETIME);
}

/** Puts off the end of files by a day. Returns those that are not there, or not whole. */
export async function renewBlobs(
  connection: QueueConnection,
  digests: readonly string[],
): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const digest of digests) {
    const text = await connection.redis.get(headKey(connection, digest));
    if (text === null) {
      missing.push(digest);
      continue;
    }
    const { chunks } = parseMessage(text, BLOB, `the file ${digest.slice(0, 12)}… in the queue`);
    const renewal = connection.redis.pipeline();
    for (let i = 0; i < chunks; i++) renewal.expire(chunkKey(connection, digest, i), CHUNK_LIFETIME);
    renewal.expire(headKey(connection, digest), LIFETIME);
    const renewed = await renewal.exec();
    if (renewed?.every(([error, isThere]) => !error && isThere === 1)) continue;
    await connection.redis.del(headKey(connection, digest));
    missing.push(digest);
  }
  return missing;
}

/** Which of these files are not there. */
export async function missingBlobs(
  connection: QueueConnection,
  digests: readonly string[],
): Promise<readonly string[]> {
  const found = await Promise.all(digests.map((digest) => hasBlob(connection, digest)));
  return digests.filter((_, index) => !found[index]);
}

/**
 * The content of a file, checked when its last part has been given: what came before it must not be used until then.
 * @param mostBytes that it may have.
 * @throws BlobMissingError if it is not there; MessageError if it is not the file of that digest, or too large.
 */
export async function* readBlob(
  connection: QueueConnection,
  digest: string,
  mostBytes = MOST_BYTES,
): AsyncGenerator<Buffer> {
  const name = `the file ${digest.slice(0, 12)}… in the queue`;
  const text = await connection.redis.get(headKey(connection, digest));
  if (text === null) throw new BlobMissingError(`${name} is missing`);
  const { bytes, chunks } = parseMessage(text, BLOB, name);
  if (bytes > mostBytes || chunks > Math.ceil(mostBytes / CHUNK_BYTES) + 1)
    throw new MessageError(`${name} has ${bytes} bytes, more than the ${mostBytes} that it may have`);
  const hash = createHash("sha256");
  let received = 0;
  const packed = Readable.from(chunksOf(connection, digest, chunks, name));
  for await (const part of piped(packed, createGunzip())) {
    received += part.length;
    if (received > bytes)
      throw new MessageError(`${name} has more than the ${bytes} bytes that it should have`);
    hash.update(part);
    yield part;
  }
  if (received !== bytes || hash.digest("hex") !== digest) {
    throw new MessageError(`${name} has another content than its name says`);
  }
}

async function* chunksOf(
  connection: QueueConnection,
  digest: string,
  chunks: number,
  name: string,
): AsyncGenerator<Buffer> {
  for (let i = 0; i < chunks; i++) {
    const chunk = await connection.redis.getBuffer(chunkKey(connection, digest, i));
    if (!chunk) throw new BlobMissingError(`${name} lacks part ${i + 1} of ${chunks}`);
    yield chunk;
  }
}

/** All that comes out of the second stream. An error of the first is one of it. */
function piped(from: Readable, through: NodeJS.ReadWriteStream & Writable & AsyncIterable<Buffer>) {
  pipeline(from, through, () => {}); // errors arrive at the reader of `through`
  return through;
}

/** The same bytes in parts of CHUNK_BYTES, the last one smaller. */
async function* inChunks(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const part of content) {
    parts.push(part);
    length += part.length;
    if (length < CHUNK_BYTES) continue;
    yield Buffer.concat(parts);
    [parts, length] = [[], 0];
  }
  if (length > 0) yield Buffer.concat(parts);
}

function headKey(connection: QueueConnection, digest: string): string {
  return connection.key("blob", digest);
}

function chunkKey(connection: QueueConnection, digest: string, index: number): string {
  return connection.key("blob", digest, String(index));
}
