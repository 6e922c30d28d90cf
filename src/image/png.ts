// Decodes PNG files. jimp's decoder rejects what may follow the picture, replaces colours that are transparent, accepts damaged
// data, and takes twice as long. Reference: PNG, third edition (W3C, 2025).

import { crc32, inflateSync } from "node:zlib";
import { systemCode } from "../common/errors.ts";
import type { Pixels } from "./batch.ts";
import { orientationIn } from "./exif.ts";
import {
  HeaderCutOffError,
  latin1,
  type PictureHeader,
  pixelsMissing,
  type ReadPart,
  readingHeader,
  unsupported,
  viewOf,
} from "./picture.ts";
import { filteredSize, PALETTE, type PngShape, rgbOf } from "./png-rows.ts";

/** The depths of each colour type. */
const DEPTHS: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** Some encoders append a few bytes. */
const SLACK = 2 ** 16;

const SIGNATURE = "\x89PNG\r\n\x1a\n";
const END_CHUNK = Buffer.from("0000000049454e44ae426082", "hex");

/** The keyword of the text in which ImageMagick keeps EXIF: a name, a size, and hexadecimal digits. */
const EXIF_TEXT = "Raw profile type exif";
const XMP_TEXT = "XML:com.adobe.xmp";
const LONGEST_TEXT = 2 ** 20;

interface Chunk {
  readonly name: string;
  /** Position of the chunk in the file, and of the byte after it. */
  readonly start: number;
  readonly end: number;
  readonly content: Uint8Array;
}

/** The chunks up to IEND, or to where the file ends within one. Only the checksum of the last one may be cut off. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  let start = SIGNATURE.length;
  while (start + 8 <= bytes.length) {
    const end = start + 12 + view.getUint32(start);
    if (end - 4 > bytes.length) return;
    const name = latin1(bytes, start + 4, start + 8);
    if (name === "IEND") return;
    yield { name, start, end, content: bytes.subarray(start + 8, end - 4) };
    start = end;
  }
}

/**
 * Reads the size and the orientation. The latter may be at the end of the file: `bytes` must be all of it.
 * @throws Error with the reason if there is no size.
 */
export function readPngHeader(bytes: Uint8Array): PictureHeader {
  return { ...readPngSize(bytes), orientation: readOrientation(bytes) };
}

function readPngSize(bytes: Uint8Array): { height: number; width: number } {
  const view = viewOf(bytes);
  if (bytes.length > SIGNATURE.length && latin1(bytes, 0, SIGNATURE.length) !== SIGNATURE)
    throw new Error("its line ends have been changed, as if it were text");
  if (latin1(bytes, 12, 16) === "CgBI")
    throw unsupported("a PNG in Apple's own form (CgBI)", "save it as an ordinary PNG");
  return readingHeader(() => {
    const size = { height: view.getUint32(20), width: view.getUint32(16) };
    if (latin1(bytes, 12, 16) !== "IHDR") throw new Error("its first chunk is not its header");
    return size;
  });
}

function readOrientation(bytes: Uint8Array): number {
  let [exif, inText, xmp]: (Uint8Array | undefined)[] = [];
  for (const { name, content } of chunksOf(bytes)) {
    if (name === "eXIf") exif = content;
    const text = textIn(name, content);
    if (text?.keyword === EXIF_TEXT)
      inText = Buffer.from(latin1(text.text, 0, text.text.length).split("\n").slice(3).join(""), "hex");
    if (text?.keyword === XMP_TEXT) xmp = text.text;
  }
  return orientationIn({ exif: exif ?? inText, xmp });
}

/** The keyword and the text of a chunk; undefined if it has none that can be read: metadata are not needed for the picture. */
function textIn(name: string, content: Uint8Array): { keyword: string; text: Uint8Array } | undefined {
  const end = content.indexOf(0);
  const keyword = latin1(content, 0, Math.max(end, 0));
  if (!["tEXt", "zTXt", "iTXt"].includes(name) || ![EXIF_TEXT, XMP_TEXT].includes(keyword)) return undefined;
  const rest = content.subarray(end + 1);
  const unpack = (packed: Uint8Array) => inflateSync(packed, { maxOutputLength: LONGEST_TEXT });
  try {
    if (name === "tEXt") return { keyword, text: rest };
    if (name === "zTXt") return { keyword, text: unpack(rest.subarray(1)) };
    // Two flags, a language and a translated keyword precede the text.
    const text = rest.subarray(rest.indexOf(0, rest.indexOf(0, 2) + 1) + 1);
    return { keyword, text: rest[0] === 0 ? text : unpack(text) };
  } catch {
    return undefined;
  }
}

/** A PNG with the chunks of a file but its pixels, which are not read. */
export function readPngParts(read: ReadPart): Uint8Array {
  const parts = [read(0, SIGNATURE.length)];
  let start = SIGNATURE.length;
  while (true) {
    const head = read(start, 8);
    const length = head.length < 8 ? 0 : viewOf(head).getUint32(0);
    const name = latin1(head, 4, 8);
    if (head.length < 8 || name === "IEND") return Buffer.concat([...parts, END_CHUNK]);
    if (name !== "IDAT" && name !== "fdAT" && length <= LONGEST_TEXT) {
      const chunk = read(start, 12 + length);
      if (chunk.length === 12 + length) parts.push(chunk);
    }
    start += 12 + length;
  }
}

/** Whether the file is an animation. */
export function isAnimatedPng(bytes: Uint8Array): boolean {
  for (const { name } of chunksOf(bytes)) {
    if (name === "acTL") return true;
    if (name === "IDAT") return false;
  }
  return false;
}

/** Decodes the picture of the IDAT chunks. 16 bits per channel are reduced to the upper eight. */
export function decodePng(bytes: Uint8Array): Pixels {
  const view = viewOf(bytes);
  const chunks = new Map<string, Uint8Array>();
  const packed: Uint8Array[] = [];
  let last = SIGNATURE.length;
  for (const { name, start, end, content } of chunksOf(bytes)) {
    last = end;
    // Of two, other decoders take the second one.
    if (name === "IHDR" && chunks.has(name)) throw new Error("it has two headers");
    if (name !== "IDAT" && (chunks.has(name) || !["IHDR", "PLTE"].includes(name))) continue;
    if (end <= bytes.length && crc32(bytes.subarray(start + 4, end - 4)) !== view.getUint32(end - 4))
      throw new Error(`the checksum of its ${name} chunk is wrong`);
    if (name === "IDAT") packed.push(content);
    else chunks.set(name, content);
  }
  const header = chunks.get("IHDR");
  if (!header) throw new HeaderCutOffError();
  const shape = readShape(header);
  if (latin1(bytes, last + 4, last + 8) === "IDAT") throw pixelsMissing();
  if (packed.length === 0) throw new Error("it contains no pixels");
  const palette = chunks.get("PLTE") ?? new Uint8Array();
  if (shape.type === PALETTE && palette.length === 0) throw new Error("its palette is missing");
  const { height, width } = shape;
  return { data: rgbOf(unpackPixels(packed, filteredSize(shape)), shape, palette), height, width };
}

function readShape(header: Uint8Array): PngShape {
  const [depth, type, compression, filter, interlace] = header.subarray(8);
  if (header.length !== 13 || compression !== 0 || filter !== 0 || interlace > 1)
    throw new Error("its header is not that of a PNG");
  if (!DEPTHS[type]?.includes(depth)) throw new Error(`there is no colour type ${type} with ${depth} bits`);
  const view = viewOf(header);
  return { height: view.getUint32(4), width: view.getUint32(0), depth, type, isInterlaced: interlace === 1 };
}

/** The filtered rows. @throws Error if they are too few, far too many, or damaged. */
function unpackPixels(packed: readonly Uint8Array[], size: number): Uint8Array {
  try {
    const rows = inflateSync(packed.length === 1 ? packed[0] : Buffer.concat(packed), {
      maxOutputLength: size + SLACK,
      chunkSize: Math.max(size + 1, 64),
    });
    if (rows.length < size) throw pixelsMissing();
    return rows.subarray(0, size);
  } catch (error) {
    const code = systemCode(error);
    if (code === "ERR_BUFFER_TOO_LARGE") throw new Error("it contains more data than pixels");
    if (code === "Z_BUF_ERROR") throw pixelsMissing();
    throw code ? new Error("its data cannot be decoded") : error;
  }
}
