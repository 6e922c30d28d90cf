// Decodes PNG files with jimp's decoder, which is given only the chunks that define the colours of the first picture: it
// rejects what may follow the picture, and replaces colours that are transparent. Reference: PNG, third edition (W3C, 2025).

import { crc32, inflateSync } from "node:zlib";
import { messageOf, systemCode } from "../common/errors.ts";
import type { Pixels } from "./batch.ts";
import { orientationIn } from "./exif.ts";
import { decodePngByJimp } from "./jimp.ts";
import {
  HeaderCutOffError,
  latin1,
  type PictureHeader,
  pixelsMissing,
  readingHeader,
  unsupported,
  viewOf,
} from "./picture.ts";
import { withoutAlpha } from "./rgba.ts";

/** The depths of each colour type. */
const DEPTHS: Record<number, readonly number[]> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const PALETTE = 3;

/** Values per pixel of each colour type. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Space for the filter types of an interlaced picture's rows, and for what some encoders append, per row. */
const EXTRA_PER_ROW = 64;

const SIGNATURE_SIZE = 8;
const END_CHUNK = Buffer.from("0000000049454e44ae426082", "hex");

/** The text in which ImageMagick keeps EXIF: a name, a size, and hexadecimal digits. */
const EXIF_TEXT = "Raw profile type exif\0";
const LONGEST_TEXT = 2 ** 20;

interface Chunk {
  readonly name: string;
  /** Position of the chunk in the file, and of the byte after it. */
  readonly start: number;
  readonly end: number;
  readonly content: Uint8Array;
}

/** The chunks up to IEND, or to where the file ends within one. */
function* chunksOf(bytes: Uint8Array): Generator<Chunk> {
  const view = viewOf(bytes);
  let start = SIGNATURE_SIZE;
  while (start + 12 <= bytes.length) {
    const end = start + 12 + view.getUint32(start);
    if (end > bytes.length) return;
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
  if (latin1(bytes, 12, 16) === "CgBI")
    throw unsupported("a PNG in Apple's own form (CgBI)", "save it as an ordinary PNG");
  return readingHeader(() => ({ height: view.getUint32(20), width: view.getUint32(16) }));
}

function readOrientation(bytes: Uint8Array): number {
  let inText = 1;
  for (const { name, content } of chunksOf(bytes)) {
    if (name === "eXIf") return orientationIn(content);
    if (name === "zTXt" || name === "tEXt") inText = orientationInText(name, content) ?? inText;
  }
  return inText;
}

function orientationInText(name: string, content: Uint8Array): number | undefined {
  if (latin1(content, 0, EXIF_TEXT.length) !== EXIF_TEXT) return undefined;
  let text: string;
  try {
    const rest = content.subarray(EXIF_TEXT.length);
    text = Buffer.from(
      name === "tEXt" ? rest : inflateSync(rest.subarray(1), { maxOutputLength: LONGEST_TEXT }),
    ).toString("latin1");
  } catch {
    return undefined; // metadata are not needed to read the picture
  }
  return orientationIn(Buffer.from(text.split("\n").slice(3).join(""), "hex"));
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
export async function decodePng(bytes: Uint8Array): Promise<Pixels> {
  const { file, depth } = withoutExtras(bytes);
  let picture: Awaited<ReturnType<typeof decodePngByJimp>>;
  try {
    picture = await decodePngByJimp(file, depth === 16);
  } catch (error) {
    const isShort = /read requests|unexpected end|inflate data/i.test(messageOf(error));
    throw isShort ? pixelsMissing() : new Error("its data cannot be decoded");
  }
  const { data, height, width } = picture;
  const rgba = depth === 16 || !(data instanceof Uint8Array) ? upperBytes(data) : data;
  return { data: withoutAlpha({ data: rgba, height, width }), height, width };
}

/** The upper bytes of 16-bit values. */
function upperBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = values[i] >>> 8;
  return bytes;
}

/** A file with the same pixels that has only the header, the palette, the pixels and the end. @throws Error if it is damaged. */
function withoutExtras(bytes: Uint8Array): { file: Buffer; depth: number } {
  const parts: Uint8Array[] = [bytes.subarray(0, SIGNATURE_SIZE)];
  const seen = new Set<string>();
  let last = SIGNATURE_SIZE;
  for (const chunk of chunksOf(bytes)) {
    const { name, start, end } = chunk;
    last = end;
    if (name !== "IDAT" && (seen.has(name) || !["IHDR", "PLTE"].includes(name))) continue;
    if (crc32(bytes.subarray(start + 4, end - 4)) !== viewOf(bytes).getUint32(end - 4))
      throw new Error(`the checksum of its ${name} chunk is wrong`);
    if (name === "IHDR") checkHeader(chunk.content);
    seen.add(name);
    parts.push(bytes.subarray(start, end));
  }
  const [, header] = parts;
  if (!seen.has("IHDR")) throw new HeaderCutOffError();
  const isCutOff = latin1(bytes, last + 4, last + 8) === "IDAT";
  if (isCutOff) throw pixelsMissing();
  if (!seen.has("IDAT")) throw new Error("it contains no pixels");
  const [depth, type] = [header[16], header[17]];
  if (type === PALETTE && !seen.has("PLTE")) throw new Error("its palette is missing");
  if (header[20] === 1) checkInterlaced(parts);
  return { file: Buffer.concat([...parts, END_CHUNK]), depth };
}

function checkHeader(header: Uint8Array): void {
  const [depth, type, compression, filter, interlace] = header.subarray(8);
  if (header.length !== 13 || compression !== 0 || filter !== 0 || interlace > 1)
    throw new Error("its header is not that of a PNG");
  if (!DEPTHS[type]?.includes(depth)) throw new Error(`there is no colour type ${type} with ${depth} bits`);
}

/** The decoder inflates all data of an interlaced picture at once, however many there are. */
function checkInterlaced([, header, ...rest]: readonly Uint8Array[]): void {
  const view = viewOf(header);
  const [width, height] = [view.getUint32(8), view.getUint32(12)];
  const bytesPerRow = Math.ceil((width * CHANNELS[header[17]] * header[16]) / 8);
  const maxOutputLength = 2 ** 16 + height * (bytesPerRow + EXTRA_PER_ROW);
  const data = rest.filter((chunk) => latin1(chunk, 4, 8) === "IDAT").map((chunk) => chunk.subarray(8, -4));
  try {
    inflateSync(Buffer.concat(data), { maxOutputLength });
  } catch (error) {
    if (systemCode(error) === "ERR_BUFFER_TOO_LARGE") throw new Error("it contains more data than pixels");
    throw systemCode(error) === "Z_BUF_ERROR" ? pixelsMissing() : new Error("its data cannot be decoded");
  }
}
