// The structure of a zip archive around uncompressed files of any size. Reference: PKWARE's APPNOTE 6.3.10, with the
// ZIP64 fields of its section 4.5.3. Available libraries need the content to pass through them and are limited to 4
// GiB; here the content is on disk already, and only the structure is missing.

/** An uncompressed file; all numbers are in bytes. */
export interface ZipEntry {
  /** ASCII. */
  readonly name: string;
  /** Offset of its local header. */
  readonly offset: number;
  readonly size: number;
  readonly crc32: number;
}

const VERSION = 45; // with ZIP64
/** 1980-01-01: an archive must not depend on when it was made. */
const DATE = 0x0021;
/** In a 32-bit field: the number is in the ZIP64 field. */
const ELSEWHERE = 0xffffffff;

/** The length of `localHeader`. */
export function localHeaderLength(name: string): number {
  return 30 + name.length + 20;
}

/**
 * The header before a file's content. It always has the ZIP64 field, so that its length does not depend on the size.
 */
export function localHeader({ name, size, crc32 }: ZipEntry): Buffer {
  const header = Buffer.alloc(localHeaderLength(name));
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(DATE, 12);
  header.writeUInt32LE(crc32, 14);
  header.writeUInt32LE(ELSEWHERE, 18);
  header.writeUInt32LE(ELSEWHERE, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(20, 28);
  header.write(name, 30, "latin1");
  writeZip64(header, 30 + name.length, [size, size]);
  return header;
}

/**
 * The end of an archive, with the directory of all files.
 * @param offset of this part itself.
 */
export function centralDirectory(entries: readonly ZipEntry[], offset: number): Buffer {
  const files = Buffer.concat(entries.map(directoryEntry));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(files.length, 12);
  end.writeUInt32LE(Math.min(offset, ELSEWHERE), 16);
  if (offset < ELSEWHERE) return Buffer.concat([files, end]);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeUInt16LE(VERSION, 12);
  end64.writeUInt16LE(VERSION, 14);
  end64.writeBigUInt64LE(BigInt(entries.length), 24);
  end64.writeBigUInt64LE(BigInt(entries.length), 32);
  end64.writeBigUInt64LE(BigInt(files.length), 40);
  end64.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + files.length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([files, end64, locator, end]);
}

function directoryEntry({ name, offset, size, crc32 }: ZipEntry): Buffer {
  // Only the values that do not fit, in this order.
  const large = [...(size < ELSEWHERE ? [] : [size, size]), ...(offset < ELSEWHERE ? [] : [offset])];
  const extra = large.length > 0 ? 4 + 8 * large.length : 0;
  const entry = Buffer.alloc(46 + name.length + extra);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(VERSION, 4);
  entry.writeUInt16LE(VERSION, 6);
  entry.writeUInt16LE(DATE, 14);
  entry.writeUInt32LE(crc32, 16);
  entry.writeUInt32LE(Math.min(size, ELSEWHERE), 20);
  entry.writeUInt32LE(Math.min(size, ELSEWHERE), 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt16LE(extra, 30);
  entry.writeUInt32LE(Math.min(offset, ELSEWHERE), 42);
  entry.write(name, 46, "latin1");
  if (extra > 0) writeZip64(entry, 46 + name.length, large);
  return entry;
}

function writeZip64(target: Buffer, place: number, values: readonly number[]): void {
  target.writeUInt16LE(0x0001, place);
  target.writeUInt16LE(8 * values.length, place + 2);
  for (const [i, value] of values.entries()) target.writeBigUInt64LE(BigInt(value), place + 4 + 8 * i);
}
