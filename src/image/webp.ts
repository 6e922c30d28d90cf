// Decodes WebP files with libwebp, compiled to WebAssembly in @jsquash/webp. It reads single pictures; the first frame of an
// animation is given to it as a file of its own. Reference: RFC 9649.

import type { Pixels } from "./batch.ts";
import { orientationIn } from "./exif.ts";
import {
  HeaderCutOffError,
  latin1,
  type PictureHeader,
  pixelsMissing,
  readingHeader,
  viewOf,
} from "./picture.ts";
import { decodeRgb, WasmDecoder } from "./wasm-decoder.ts";

const RIFF_HEADER = 12;
const CHUNK_HEADER = 8;

/** Flags of the extended header. */
const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;
const ANIMATION_FLAG = 0x02;

/** Bytes of a frame's position, size, duration and flags. */
const FRAME_HEADER = 16;

const decoder = new WasmDecoder(
  "@jsquash/webp/codec/dec/webp_dec.wasm",
  () => import("@jsquash/webp/codec/dec/webp_dec.js"),
);

interface Chunk {
  readonly name: string;
  /** Position of the chunk's name. */
  readonly start: number;
  readonly content: Uint8Array;
  readonly isComplete: boolean;
}

function* chunksOf(bytes: Uint8Array, start: number): Generator<Chunk> {
  const view = viewOf(bytes);
  for (let place = start; place + CHUNK_HEADER <= bytes.length; ) {
    const size = view.getUint32(place + 4, true);
    const end = place + CHUNK_HEADER + size;
    const content = bytes.subarray(place + CHUNK_HEADER, end);
    yield { name: latin1(bytes, place, place + 4), start: place, content, isComplete: end <= bytes.length };
    place = end + (size % 2);
  }
}

function uint24(bytes: Uint8Array, place: number): number {
  if (place + 3 > bytes.length) throw new HeaderCutOffError();
  return bytes[place] | (bytes[place + 1] << 8) | (bytes[place + 2] << 16);
}

/** The length that the file declares. */
function riffLength(bytes: Uint8Array): number {
  return readingHeader(() => 8 + viewOf(bytes).getUint32(4, true));
}

/** The file as far as its own length says. */
function riff(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, riffLength(bytes));
}

/**
 * Reads the size and the orientation; the latter is at the end of the file.
 * @throws Error with the reason if there is no size; HeaderCutOffError if `bytes` ends before the orientation.
 */
export function readWebpHeader(bytes: Uint8Array): PictureHeader {
  const [first] = chunksOf(bytes, RIFF_HEADER);
  if (!first) throw new HeaderCutOffError();
  const { name, content } = first;
  const view = viewOf(content);
  return readingHeader(() => {
    if (name === "VP8X") {
      const orientation = content[0] & (EXIF_FLAG | XMP_FLAG) ? readOrientation(bytes, content[0]) : 1;
      return { height: uint24(content, 7) + 1, width: uint24(content, 4) + 1, orientation };
    }
    if (name === "VP8L") {
      const bits = view.getUint32(1, true);
      return { height: ((bits >>> 14) & 0x3fff) + 1, width: (bits & 0x3fff) + 1, orientation: 1 };
    }
    if (name !== "VP8 ") throw new Error("it contains no pixels");
    return {
      height: view.getUint16(8, true) & 0x3fff,
      width: view.getUint16(6, true) & 0x3fff,
      orientation: 1,
    };
  });
}

function readOrientation(bytes: Uint8Array, flags: number): number {
  const file = riff(bytes);
  let [exif, xmp]: (Uint8Array | undefined)[] = [];
  for (const { name, content } of chunksOf(file, RIFF_HEADER)) {
    if (name === "EXIF" && flags & EXIF_FLAG) exif ??= content;
    if (name === "XMP " && flags & XMP_FLAG) xmp ??= content;
  }
  if (file.length < riffLength(bytes)) throw new HeaderCutOffError();
  return orientationIn({ exif, xmp });
}

/** Whether the file is an animation. */
export function isAnimatedWebp(bytes: Uint8Array): boolean {
  const [first] = chunksOf(bytes, RIFF_HEADER);
  return first?.name === "VP8X" && (first.content[0] & ANIMATION_FLAG) !== 0;
}

/** Decodes the picture, or the first frame on a black picture. Transparent pixels keep their colour. */
export async function decodeWebp(bytes: Uint8Array): Promise<Pixels> {
  const file = riff(bytes);
  for (const { isComplete } of chunksOf(file, RIFF_HEADER)) {
    if (!isComplete) throw pixelsMissing();
  }
  if (file.length < riffLength(bytes)) throw pixelsMissing();
  const { height, width } = readWebpHeader(file);
  if (!isAnimatedWebp(file)) return decode(file, height, width);
  for (const { name, content } of chunksOf(file, RIFF_HEADER)) {
    if (name === "ANMF") return decodeFrame(content, height, width);
  }
  throw new Error("it contains no pixels");
}

async function decodeFrame(frame: Uint8Array, height: number, width: number): Promise<Pixels> {
  const [left, top] = [2 * uint24(frame, 0), 2 * uint24(frame, 3)];
  const [frameWidth, frameHeight] = [uint24(frame, 6) + 1, uint24(frame, 9) + 1];
  if (left + frameWidth > width || top + frameHeight > height)
    throw new Error("its first frame is larger than the picture");
  const pixels = await decode(asFile(frame, frameHeight, frameWidth), frameHeight, frameWidth);
  if (frameWidth === width && frameHeight === height) return pixels;
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < frameHeight; y++) {
    const row = pixels.data.subarray(y * frameWidth * 3, (y + 1) * frameWidth * 3);
    data.set(row, ((top + y) * width + left) * 3);
  }
  return { data, height, width };
}

/** A file that has the frame as its only picture. */
function asFile(frame: Uint8Array, height: number, width: number): Uint8Array {
  const picture = frame.subarray(FRAME_HEADER);
  const hasAlpha = [...chunksOf(picture, 0)].some(({ name }) => name === "ALPH");
  const extended = Buffer.alloc(hasAlpha ? 18 : 0);
  if (hasAlpha) {
    extended.write("VP8X", 0, "latin1");
    extended.writeUInt32LE(10, 4);
    extended[8] = 0x10;
    extended.writeUIntLE(width - 1, 12, 3);
    extended.writeUIntLE(height - 1, 15, 3);
  }
  const header = Buffer.from("RIFF\0\0\0\0WEBP", "latin1");
  header.writeUInt32LE(4 + extended.length + picture.length, 4);
  return Buffer.concat([header, extended, picture]);
}

async function decode(file: Uint8Array, height: number, width: number): Promise<Pixels> {
  // The frame of an animation may declare another size than its data.
  for (const { name, start } of chunksOf(file, RIFF_HEADER)) {
    if (name !== "VP8 " && name !== "VP8L") continue;
    const size = readWebpHeader(Buffer.concat([file.subarray(0, RIFF_HEADER), file.subarray(start)]));
    if (size.height !== height || size.width !== width) throw new Error("it declares two different sizes");
  }
  return decodeRgb(decoder, file);
}
