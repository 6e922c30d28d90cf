// The files in a zip archive of any size, as streams. yauzl reads the directory; the content is read from the file, from
// one place to another.

import { close, read } from "node:fs";
import { crc32 } from "node:zlib";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl";
import { messageOf, systemCode } from "../../../common/errors.ts";
import { openOrdinaryFile } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { unreadable } from "../../reader.ts";
import { bytesOfFile, mostDecompressed, type UnpackLimit, unpackLimit } from "./bytes.ts";
import { ArrayProblem, DamagedProblem } from "./problem.ts";

/** A file in an archive. */
export interface ZipMember {
  readonly name: string;
  /** In bytes, decompressed, as the directory says; not more than the compressed ones can be. */
  readonly available: number;
  /** The most bytes that it may unpack to, if it is compressed. */
  readonly limit?: UnpackLimit;
  /** @throws ArrayProblem if it is encrypted, compressed by an unknown method or damaged. */
  read(): AsyncIterable<Uint8Array>;
}

/** Messages may have the name of a file. */
const LONGEST_REASON = 200;

const STORED = 0;
const DEFLATED = 8;
const METHODS: Readonly<Record<number, string>> = {
  9: "Deflate64",
  12: "bzip2",
  14: "LZMA",
  93: "Zstandard",
  95: "xz",
};

/** An archive of arrays has fewer files. */
const MOST_ENTRIES = 2 ** 16;

/** The files in an archive. @throws DamagedProblem if its directory cannot be read, or its files overlap. */
export async function membersOfZip(path: string): Promise<ZipMember[]> {
  let zip: ZipFile | undefined;
  try {
    const { file, size } = openOrdinaryFile(systemPath(path));
    zip = await openZip(file, size);
    if (zip.entryCount > MOST_ENTRIES) throw new Error(`it has ${zip.entryCount} files`);
    const members: ZipMember[] = [];
    const places: Place[] = [];
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith("/")) continue;
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      places.push({ start: entry.relativeOffsetOfLocalHeader, end: fileDataStart + entry.compressedSize });
      members.push(memberOf(path, entry, fileDataStart));
    }
    checkPlaces(places);
    return members;
  } catch (error) {
    if (/^E[A-Z]+$/.test(systemCode(error) ?? "")) throw unreadable(readablePath(path), error);
    throw new DamagedProblem(messageOf(error).slice(0, LONGEST_REASON));
  } finally {
    zip?.close();
  }
}

async function openZip(file: number, size: number): Promise<ZipFile> {
  const reader = new FileReader(file, size);
  try {
    return await fromRandomAccessReaderPromise(reader, size, { autoClose: false });
  } catch (error) {
    reader.close(() => {});
    throw error;
  }
}

/** Reads parts of a file. The library's own reader ends the program if an archive says that a part begins beyond 2^53. */
class FileReader extends RandomAccessReader {
  readonly #file: number;
  readonly #size: number;

  constructor(file: number, size: number) {
    super();
    this.#file = file;
    this.#size = size;
  }

  /** The library also wants the number of bytes, which its types do not say. */
  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytes?: number) => void,
  ): void {
    if (position >= 0 && position + length <= this.#size)
      read(this.#file, buffer, offset, length, position, callback);
    else setImmediate(callback, new Error("it says that a part of it is after its end"));
  }

  override close(callback: (error: Error | null) => void): void {
    close(this.#file, callback);
  }
}

/** A file's bytes in the archive, with its header. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/** @throws Error if files share bytes: then a small archive could contain any amount. */
function checkPlaces(places: readonly Place[]): void {
  const sorted = places.toSorted((a, b) => a.start - b.start);
  for (let i = 1; i < sorted.length; i++) {
    if (sorted[i].start < sorted[i - 1].end) throw new Error("its files overlap");
  }
}

function memberOf(path: string, entry: Entry, start: number): ZipMember {
  const { fileName, compressionMethod: method, compressedSize, uncompressedSize } = entry;
  const compression = method === STORED ? "none" : "raw deflate";
  const limit = unpackLimit(compressedSize, compression);
  return {
    name: fileName,
    available: Math.min(uncompressedSize, mostDecompressed(compressedSize, compression)),
    ...(limit && { limit }),
    read: async function* () {
      if (entry.isEncrypted()) throw new ArrayProblem("it is encrypted: save it without a password");
      if (method !== STORED && method !== DEFLATED) {
        const by = METHODS[method] ?? `method ${method}`;
        throw new ArrayProblem(
          `it is compressed by ${by}, which is not supported: use Deflate, as numpy does`,
        );
      }
      let [found, sum] = [0, 0];
      for await (const piece of bytesOfFile(path, { start, end: start + compressedSize, compression })) {
        found += piece.length;
        if (found > uncompressedSize) break;
        sum = crc32(piece, sum);
        yield piece;
      }
      if (found !== uncompressedSize || sum !== entry.crc32)
        throw new DamagedProblem("it is damaged (its checksum is wrong): save or fetch it again");
    },
  };
}
