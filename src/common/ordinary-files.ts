// Reads files that others may have put there. A named pipe would be waited for, and a device may have no end: only ordinary
// files are opened. All reads of files that a user names, or that are in folders of the user's, pass here.

import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";

/** The path as system calls take it. */
type SystemPath = string | Buffer;

/** Codes of errors that the system does not have, like its ENOENT. */
const NOT_ORDINARY = "NOT_ORDINARY";
const TOO_LARGE = "TOO_LARGE";

/** Bytes that are read into one buffer at most; larger files are for readers that take them in pieces. */
const MOST_BYTES = 2 ** 31 - 1;

/** A piece of a file whose size the system does not report, as of those in /proc. */
const PIECE = 65_536;

/** Between the check and the call that opens, another file may have come there: opening a pipe must not wait then either. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens an ordinary file for reading; links are followed.
 * @returns its descriptor, which the caller closes, and its size in bytes.
 * @throws Error of the system; with the code EISDIR for a folder, NOT_ORDINARY for a pipe, a socket or a device.
 */
export function openOrdinaryFile(path: SystemPath): { readonly file: number; readonly size: number } {
  checkOrdinary(statSync(path));
  const file = openSync(path, READ);
  try {
    const stats = fstatSync(file);
    checkOrdinary(stats);
    return { file, size: stats.size };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** The same without blocking. @throws as `openOrdinaryFile` does. */
export async function openOrdinaryHandle(path: SystemPath): Promise<FileHandle> {
  checkOrdinary(await stat(path));
  return open(path, READ);
}

/** The first bytes of an ordinary file; fewer than `length` if it is shorter. @throws as `openOrdinaryFile` does. */
export function readBeginning(path: SystemPath, length: number): Buffer {
  const { file } = openOrdinaryFile(path);
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readInto(file, bytes));
  } finally {
    closeSync(file);
  }
}

/**
 * The bytes of an ordinary file.
 * @param most bytes that it may have.
 * @throws as `openOrdinaryFile` does; Error with the code TOO_LARGE if the file has more.
 */
export function readOrdinaryFile(path: SystemPath, most = MOST_BYTES): Buffer {
  const { file, size } = openOrdinaryFile(path);
  try {
    if (size > most) throw tooLarge(size, most);
    if (size === 0) return readToEnd(file, most);
    const bytes = Buffer.allocUnsafeSlow(size);
    return bytes.subarray(0, readInto(file, bytes));
  } finally {
    closeSync(file);
  }
}

/** Fills the buffer from a place in the file; returns the number of bytes, fewer if the file ends before. */
export function readInto(file: number, bytes: Buffer, start = 0): number {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, bytes.length - done, start + done);
    if (read === 0) return done;
    done += read;
  }
  return bytes.length;
}

function readToEnd(file: number, most: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const piece = Buffer.allocUnsafe(PIECE);
    const read = readSync(file, piece);
    if (read === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, read));
    length += read;
    if (length > most) throw tooLarge(length, most);
  }
}

/** @throws Error as `openOrdinaryFile` does if a path is not that of an ordinary file. */
export function checkOrdinary(stats: Stats): void {
  if (stats.isFile()) return;
  if (stats.isDirectory()) throw failure("EISDIR", "it is a folder, not a file");
  throw failure(NOT_ORDINARY, `it is ${kindOf(stats)}, not an ordinary file`);
}

function kindOf(stats: Stats): string {
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function tooLarge(size: number, most: number): Error {
  return failure(TOO_LARGE, `it has ${size} bytes, more than the ${most} that such a file may have`);
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
