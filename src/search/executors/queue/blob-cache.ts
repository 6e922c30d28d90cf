// A worker's copies of the files that trainings need, in the cache folder: named by their content, and checked when they arrive.
// Workers write nothing elsewhere.

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { StorageError, systemReason } from "../../../common/errors.ts";
import { makeFolder, temporaryName, writeAll } from "../../../common/files.ts";
import { homeFolder } from "../../../common/home.ts";
import { CACHE_GIGABYTES } from "../../../config/queue.ts";
import { fileDigest } from "../../../dataset/digest.ts";
import { readBlob } from "./blobs.ts";
import type { QueueConnection } from "./connection.ts";

export class BlobCache {
  readonly #folder: string;
  readonly #mostBytes: number;
  /** Files that arrive, by digest: trainings that start together need the same ones. */
  readonly #arriving = new Map<string, Promise<string>>();
  /** Files of which this program has seen that they are whole. */
  readonly #checked = new Set<string>();
  /** How many trainings use a file now. */
  readonly #users = new Map<string, number>();

  /** @param mostBytes of all files together; those that have not been used for the longest time are removed. */
  constructor(mostBytes = 1e9 * CACHE_GIGABYTES, folder = join(homeFolder(), "queue", "files")) {
    this.#mostBytes = mostBytes;
    this.#folder = folder;
  }

  /**
   * The path of the file with this content, which is fetched if it is not here. It stays until as many calls of `release`.
   * @throws BlobMissingError or MessageError as `readBlob`; StorageError if it cannot be written.
   */
  async locate(connection: QueueConnection, digest: string): Promise<string> {
    this.#users.set(digest, (this.#users.get(digest) ?? 0) + 1);
    try {
      const path = join(this.#folder, digest);
      if (this.#isWhole(digest, path)) {
        touch(path);
        return path;
      }
      let arriving = this.#arriving.get(digest);
      if (!arriving) {
        arriving = this.#fetch(connection, digest, path).finally(() => this.#arriving.delete(digest));
        this.#arriving.set(digest, arriving);
      }
      return await arriving;
    } catch (error) {
      this.release(digest);
      throw error;
    }
  }

  /** A training no longer uses the file. */
  release(digest: string): void {
    const users = (this.#users.get(digest) ?? 1) - 1;
    if (users > 0) this.#users.set(digest, users);
    else this.#users.delete(digest);
  }

  /** Whether the file is here; a damaged one is not, and is fetched again. */
  #isWhole(digest: string, path: string): boolean {
    if (!existsSync(path)) return false;
    if (this.#checked.has(digest)) return true;
    if (orStorageError(path, () => fileDigest(path, "sha256")) !== digest) return false;
    this.#checked.add(digest);
    return true;
  }

  async #fetch(connection: QueueConnection, digest: string, path: string): Promise<string> {
    const temporary = temporaryName(path);
    const file = this.#open(temporary);
    let isOpen = true;
    try {
      for await (const part of readBlob(connection, digest, this.#mostBytes))
        orStorageError(path, () => writeAll(file, part));
      orStorageError(path, () => {
        fsyncSync(file);
        closeSync(file);
        isOpen = false;
        renameSync(temporary, path);
        this.#checked.add(digest);
        this.#makeRoom();
      });
      return path;
    } catch (error) {
      if (isOpen) closeSync(file);
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  #open(path: string): number {
    return orStorageError(path, () => {
      makeFolder(this.#folder);
      return openSync(path, "wx");
    });
  }

  /** Removes what has not been used for the longest time, until the rest is small enough. */
  #makeRoom(): void {
    const files = readdirSync(this.#folder)
      .filter((name) => /^[\da-f]{64}$/.test(name))
      .map((name) => ({ name, ...statsOf(join(this.#folder, name)) }))
      .sort((a, b) => a.used - b.used);
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files) {
      if (bytes <= this.#mostBytes) return;
      if (this.#users.has(file.name)) continue;
      rmSync(join(this.#folder, file.name), { force: true });
      bytes -= file.bytes;
    }
  }
}

function statsOf(path: string): { readonly bytes: number; readonly used: number } {
  const stats = statSync(path, { throwIfNoEntry: false });
  return { bytes: stats?.size ?? 0, used: stats?.mtimeMs ?? 0 };
}

/** Another worker program of this machine may have removed the file meanwhile: then the training fails, and runs again. */
function touch(path: string): void {
  const now = new Date();
  if (existsSync(path)) utimesSync(path, now, now);
}

function orStorageError<Result>(path: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    throw new StorageError(`cannot write ${path}: ${systemReason(error)}`);
  }
}
