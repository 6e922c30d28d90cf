// The parts of picture files: PNG's chunks, JPEG's segments, the chunks of WebP, the boxes of AVIF and JPEG XL, the entries of
// TIFF's directories, GIF's blocks and BMP's headers.

import { crc32, deflateSync, inflateSync } from "node:zlib";
import type { Random } from "../../src/common/random.ts";
import { changeBytes } from "./bytes.ts";
import { type Form, numbersFrom } from "./parts.ts";

/** A PNG chunk without its length and its checksum: its type, and its data. */
const PNG: Form = {
  split: (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 8; at + 12 <= bytes.length; ) {
      const length = bytes.readUInt32BE(at);
      parts.push(bytes.subarray(at + 4, at + 8 + length));
      at += 12 + length;
    }
    return parts;
  },
  join: (parts) =>
    Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      ...parts.flatMap((part) => [number(part.length - 4), part, number(crc32(part))]),
    ]),
  numbers: (part) =>
    part.toString("latin1", 0, 4) === "IHDR"
      ? [...numbersFrom(4, 12, 4), ...numbersFrom(12, 17, 1)]
      : numbersFrom(4, Math.min(part.length, 30), 4),
  isBigEndian: true,
  change: (part, random) => {
    const [type, data] = [part.subarray(0, 4), part.subarray(4)];
    if (random.chance(0.1)) return changeBytes(part, random);
    return Buffer.concat([
      type,
      type.toString() === "IDAT" ? changeInflated(data, random) : changeBytes(data, random),
    ]);
  },
};

/** Changes what is compressed, if it is all here. */
function changeInflated(data: Buffer, random: Random): Uint8Array {
  if (random.chance(0.5)) return changeBytes(data, random);
  try {
    return deflateSync(changeBytes(inflateSync(data), random));
  } catch {
    return changeBytes(data, random);
  }
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** A JPEG segment with its marker and its length; after SOS, with the coded data. */
const JPEG: Form = {
  split: (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 2; at + 4 <= bytes.length; ) {
      const next = bytes[at + 1] === 0xda ? endOfScan(bytes, at) : at + 2 + bytes.readUInt16BE(at + 2);
      parts.push(bytes.subarray(at, next));
      at = next;
    }
    return parts;
  },
  join: (parts) => Buffer.concat([Buffer.of(0xff, 0xd8), ...parts, Buffer.of(0xff, 0xd9)]),
  numbers: (part) => [[2, 2], ...numbersFrom(4, Math.min(part.length, 24), 1), [5, 2], [7, 2]],
  isBigEndian: true,
};

function endOfScan(bytes: Buffer, start: number): number {
  for (let at = start + 4; at + 1 < bytes.length; at++) {
    const isMarker =
      bytes[at] === 0xff && bytes[at + 1] !== 0 && !(bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd7);
    if (isMarker) return at;
  }
  return bytes.length;
}

/** A chunk of WebP with its size. */
const WEBP: Form = {
  split: (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 12; at + 8 <= bytes.length; ) {
      const length = bytes.readUInt32LE(at + 4);
      const next = at + 8 + length + (length % 2);
      parts.push(bytes.subarray(at, next));
      at = next;
    }
    return parts;
  },
  join: (parts) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(4 + parts.reduce((sum, part) => sum + part.length, 0));
    return Buffer.concat([Buffer.from("RIFF"), length, Buffer.from("WEBP"), ...parts]);
  },
  numbers: (part) => [
    [4, 4],
    ...numbersFrom(8, Math.min(part.length, 20), 1),
    [11, 3],
    [12, 3],
    [14, 2],
    [16, 2],
  ],
};

/** The boxes of AVIF and JPEG XL: those that contain others are cut after their headers. */
const BOXES: Form = {
  split: (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 0; at + 8 <= bytes.length; ) {
      const inner = { meta: 12, iprp: 8, ipco: 8, moov: 8 }[bytes.toString("latin1", at + 4, at + 8)];
      const next = at + (inner ?? Math.max(8, bytes.readUInt32BE(at)));
      parts.push(bytes.subarray(at, next));
      at = next;
    }
    return parts;
  },
  join: (parts) => Buffer.concat(parts),
  numbers: (part) => [
    [0, 4],
    ...numbersFrom(8, Math.min(part.length, 28), 4),
    ...numbersFrom(8, Math.min(part.length, 28), 2),
  ],
  isBigEndian: true,
};

/** The first directory of a TIFF, entry by entry, with what is before and after it. */
function tiff(isLittle: boolean): Form {
  return {
    split: (bytes) => {
      const read = (at: number, size: number) =>
        isLittle ? bytes.readUIntLE(at, size) : bytes.readUIntBE(at, size);
      const start = read(4, 4) + 2;
      const count = Math.min(read(start - 2, 2), 100);
      if (start + 12 * count > bytes.length) return undefined;
      const entries = Array.from({ length: count }, (_, i) =>
        bytes.subarray(start + 12 * i, start + 12 * i + 12),
      );
      return [bytes.subarray(0, start), ...entries, bytes.subarray(start + 12 * count)];
    },
    join: (parts) => Buffer.concat(parts),
    numbers: (part) =>
      part.length === 12
        ? [
            [0, 2],
            [2, 2],
            [4, 4],
            [8, 4],
            [8, 2],
            [8, 4],
            [8, 2],
          ]
        : [],
    isBigEndian: !isLittle,
  };
}

/** GIF's header with its palette, and its blocks. */
const GIF: Form = {
  split: (bytes) => {
    const header = 13 + (bytes[10] & 0x80 ? 3 * 2 ** ((bytes[10] & 7) + 1) : 0);
    const parts = [bytes.subarray(0, header)];
    for (let at = header; at < bytes.length; ) {
      let next =
        at + (bytes[at] === 0x2c ? 11 + (bytes[at + 9] & 0x80 ? 3 * 2 ** ((bytes[at + 9] & 7) + 1) : 0) : 2);
      while (next < bytes.length && bytes[next] !== 0) next += bytes[next] + 1;
      parts.push(bytes.subarray(at, next + 1));
      at = next + 1;
    }
    return parts;
  },
  join: (parts) => Buffer.concat(parts),
  numbers: (part) => [
    ...numbersFrom(1, Math.min(part.length, 13), 2),
    ...numbersFrom(6, Math.min(part.length, 13), 1),
  ],
};

/** BMP's headers, and the rest. */
const BMP: Form = {
  split: (bytes) => [bytes.subarray(0, 54), bytes.subarray(54)],
  join: (parts) => Buffer.concat(parts),
  numbers: (part) =>
    part.length === 54 ? [...numbersFrom(2, 54, 4), [26, 2], [28, 2], [18, 2], [20, 2]] : [],
};

/** The form of a picture file, by its first bytes. */
export function formOfPicture(bytes: Buffer): Form | undefined {
  const start = bytes.toString("latin1", 0, 12);
  if (start.startsWith("\x89PNG")) return PNG;
  if (start.startsWith("\xff\xd8")) return JPEG;
  if (start.startsWith("RIFF")) return WEBP;
  if (start.startsWith("GIF8")) return GIF;
  if (start.startsWith("BM")) return BMP;
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return tiff(start.startsWith("II"));
  return /^....(ftyp|JXL )/s.test(start) ? BOXES : undefined;
}
