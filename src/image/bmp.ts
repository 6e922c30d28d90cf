// Decodes BMP files: all depths, masks, run lengths, and the headers of Windows and OS/2. jimp's decoder reads run lengths in
// wrong colours. Reference: Bitmap Storage (Microsoft, Windows GDI documentation); values are scaled as by Pillow.

import type { Pixels } from "./batch.ts";
import { unpackRuns } from "./bmp-runs.ts";
import {
  HeaderCutOffError,
  latin1,
  type PictureHeader,
  pixelsMissing,
  readingHeader,
  unsupported,
  viewOf,
} from "./picture.ts";

const FILE_HEADER = 14;
/** Length of the header of OS/2 1.x, with sizes of 16 bits. */
const CORE = 12;
/** Length of the header that has a compression. */
const FULL = 40;

const COMPRESSION = { none: 0, runs8: 1, runs4: 2, masks: 3, jpeg: 4, png: 5, masksWithAlpha: 6 };

/** Lengths of the headers of Windows and OS/2. */
const LENGTHS = [CORE, 16, FULL, 52, 56, 64, 108, 124];

const DEPTHS = [1, 4, 8, 16, 24, 32];

/** The masks of red, green and blue that apply if a file has none. */
const MASKS_16 = [0x7c00, 0x03e0, 0x001f];
const MASKS_32 = [0xff0000, 0x00ff00, 0x0000ff];

interface Header {
  readonly length: number;
  readonly height: number;
  readonly width: number;
  readonly topFirst: boolean;
  readonly depth: number;
  readonly compression: number;
  /** Number of colours in the palette; 0: all that the depth allows. */
  readonly colours: number;
  /** Position of the pixels. */
  readonly data: number;
}

/** The longest header that programs write has 124 bytes. */
const LONGEST_HEADER = 256;

/** Whether a file begins like a BMP. Two letters are not enough: a text may begin with them. */
export function isBmp(start: Uint8Array): boolean {
  const mark = latin1(start, 0, 2);
  if (mark === "BA") return latin1(start, FILE_HEADER, FILE_HEADER + 2) === "BM";
  return mark === "BM" && start.length >= 18 && viewOf(start).getUint32(14, true) <= LONGEST_HEADER;
}

/** @throws Error with the reason if there is no size. */
export function readBmpHeader(bytes: Uint8Array): PictureHeader {
  const { height, width } = readingHeader(() => parse(bytes));
  return { height, width, orientation: 1 };
}

/** Decodes the picture; its transparency is dropped. */
export function decodeBmp(bytes: Uint8Array): Pixels {
  const header = readingHeader(() => parse(bytes));
  check(header);
  const { height, width, depth, compression } = header;
  if (depth > 8) return { data: readColours(bytes, header), height, width };
  const isPacked = compression === COMPRESSION.runs8 || compression === COMPRESSION.runs4;
  const indices = isPacked
    ? unpackRuns(bytes.subarray(header.data), height, width, depth)
    : readIndices(bytes, header);
  return { data: coloured(indices, readPalette(bytes, header, indices)), height, width };
}

function parse(bytes: Uint8Array): Header {
  const view = viewOf(bytes);
  if (latin1(bytes, 0, 2) === "BA") throw unsupported("an OS/2 array of bitmaps", "save it as PNG");
  const offset = view.getUint32(10, true);
  const length = view.getUint32(14, true);
  if (length === CORE) {
    const [width, height] = [view.getUint16(18, true), view.getUint16(20, true)];
    const depth = view.getUint16(24, true);
    const data = offset || FILE_HEADER + length + (depth > 8 ? 0 : 3 << depth);
    return { length, height, width, topFirst: false, depth, compression: 0, colours: 0, data };
  }
  const [width, height] = [view.getInt32(18, true), view.getInt32(22, true)];
  const depth = view.getUint16(28, true);
  const compression = length >= FULL ? view.getUint32(30, true) : COMPRESSION.none;
  const colours = length >= FULL ? view.getUint32(46, true) : 0;
  const masks = length === FULL && compression === COMPRESSION.masks ? 12 : 0;
  // Without an offset, pixels follow the palette.
  const data = offset || FILE_HEADER + length + masks + (depth > 8 ? 0 : 4 * (colours || 1 << depth));
  return { length, height: Math.abs(height), width, topFirst: height < 0, depth, compression, colours, data };
}

function check({ length, height, width, topFirst, depth, compression, data }: Header): void {
  const { none, runs8, runs4, masks, jpeg, png, masksWithAlpha } = COMPRESSION;
  for (const [code, name] of [
    [jpeg, "JPEG"],
    [png, "PNG"],
  ] as const) {
    if (compression === code) throw unsupported(`a BMP that contains a ${name}`, "save it as PNG");
  }
  if (!LENGTHS.includes(length)) throw new Error(`its header has ${length} bytes`);
  if (width < 1 || height < 1) throw new Error("it contains no pixels");
  if (!DEPTHS.includes(depth)) throw new Error(`there is no BMP with ${depth} bits per pixel`);
  if (data < FILE_HEADER + length) throw new Error("its pixels begin within its header");
  const isMasked = compression === masks || compression === masksWithAlpha;
  const isKnown =
    compression === none ||
    (compression === runs8 && depth === 8) ||
    (compression === runs4 && depth === 4) ||
    (isMasked && (depth === 16 || depth === 32));
  if (!isKnown) throw new Error(`there is no compression ${compression} with ${depth} bits per pixel`);
  if (topFirst && (compression === runs8 || compression === runs4))
    throw new Error("a compressed BMP has its bottom row first");
}

/** RGB triples. @throws Error if the pixels begin before the last colour that they use. */
function readPalette(
  bytes: Uint8Array,
  { length, depth, colours, data }: Header,
  indices: Uint8Array,
): Uint8Array {
  const size = length === CORE ? 3 : 4;
  const start = FILE_HEADER + length;
  const declared = Math.min(colours || 1 << depth, 1 << depth);
  const most = Math.min(declared, Math.floor((data - start) / size));
  if (most < declared && indices.some((index) => index >= most))
    throw new Error("its pixels begin within its palette");
  const palette = new Uint8Array(256 * 3);
  for (let i = 0; i < most; i++) {
    for (let channel = 0; channel < 3; channel++)
      palette[3 * i + channel] = bytes[start + size * i + 2 - channel];
  }
  return palette;
}

function coloured(indices: Uint8Array, palette: Uint8Array): Uint8Array {
  const data = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    const colour = indices[i] * 3;
    data[3 * i] = palette[colour];
    data[3 * i + 1] = palette[colour + 1];
    data[3 * i + 2] = palette[colour + 2];
  }
  return data;
}

/** Rows are padded to 4 bytes. */
function rowSizeOf({ width, depth }: Header): number {
  return Math.ceil((width * depth) / 32) * 4;
}

/** @throws Error if the file ends before the last row does; its padding may be missing. */
function checkLength(bytes: Uint8Array, header: Header): void {
  const used = Math.ceil((header.width * header.depth) / 8);
  if (header.data + rowSizeOf(header) * (header.height - 1) + used > bytes.length) throw pixelsMissing();
}

/** Calls `read` with each row of the picture and its place in the file. */
function eachRow(header: Header, read: (y: number, place: number) => void): void {
  const { height, topFirst, data } = header;
  const rowSize = rowSizeOf(header);
  for (let y = 0; y < height; y++) read(y, data + rowSize * (topFirst ? y : height - 1 - y));
}

function readIndices(bytes: Uint8Array, header: Header): Uint8Array {
  const { height, width, depth } = header;
  const perByte = 8 / depth;
  const mask = (1 << depth) - 1;
  checkLength(bytes, header);
  const indices = new Uint8Array(height * width);
  eachRow(header, (y, place) => {
    for (let x = 0; x < width; x++) {
      const shift = 8 - depth * ((x % perByte) + 1);
      indices[y * width + x] = (bytes[place + Math.floor(x / perByte)] >> shift) & mask;
    }
  });
  return indices;
}

function readColours(bytes: Uint8Array, header: Header): Uint8Array {
  const { width, height, depth } = header;
  checkLength(bytes, header);
  const data = new Uint8Array(height * width * 3);
  if (depth === 24) {
    eachRow(header, (y, place) => {
      for (let x = 0, from = place, to = y * width * 3; x < width; x++, from += 3, to += 3) {
        data[to] = bytes[from + 2];
        data[to + 1] = bytes[from + 1];
        data[to + 2] = bytes[from];
      }
    });
    return data;
  }
  const view = viewOf(bytes);
  const channels = masksOf(view, header).map(channelOf);
  eachRow(header, (y, place) => {
    for (let x = 0, to = y * width * 3; x < width; x++) {
      const word = depth === 16 ? view.getUint16(place + 2 * x, true) : view.getUint32(place + 4 * x, true);
      for (const { mask, shift, largest } of channels)
        data[to++] = Math.floor((((word & mask) >>> shift) * 255) / largest);
    }
  });
  return data;
}

function masksOf(view: DataView, { depth, compression }: Header): readonly number[] {
  if (compression === COMPRESSION.none) return depth === 16 ? MASKS_16 : MASKS_32;
  // After the first 40 bytes of the header, or within it.
  const start = FILE_HEADER + FULL;
  if (start + 12 > view.byteLength) throw new HeaderCutOffError();
  return [0, 4, 8].map((place) => view.getUint32(start + place, true));
}

function channelOf(mask: number): { mask: number; shift: number; largest: number } {
  if (mask === 0) throw new Error("it has no mask for a colour");
  const shift = 31 - Math.clz32(mask & -mask);
  return { mask, shift, largest: mask >>> shift };
}
