// Decodes and encodes picture files. The library for a format is loaded with the first file of that format.

import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import type { Pixels } from "./batch.ts";
import { isAnimatedGif } from "./gif.ts";
import { decodeByJimp, type Format, formatPng, type RgbaPixels } from "./jimp.ts";
import { formatJpeg } from "./jpeg.ts";
import { decodeJpeg } from "./jpeg-decoder.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { checkTiff } from "./tiff.ts";

/** A picture, with what its callers need to know about the file. */
export interface DecodedImage extends Pixels {
  /** Whether the file contains more pictures; this is the first one. */
  readonly animated: boolean;
}

/** A picture file that cannot be decoded. */
export class ImageError extends UsageError {
  override readonly name: string = "ImageError";
  /** The reason, without the file's name. */
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`cannot read the picture ${path}: ${reason}`);
    this.reason = reason;
  }
}

/** A header that declares more pixels than this is assumed to be damaged. */
const MAX_PIXELS = 1e8;

/** File name extensions of the pictures that `decodeImage` reads. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  "bmp dib gif jfif jpe jpeg jpg png tif tiff".split(" ").map((extension) => `.${extension}`),
);

/** The supported formats, for messages. */
export const IMAGE_FORMATS = "PNG, JPEG, BMP, GIF or TIFF";

/**
 * Decodes a PNG, JPEG, BMP, GIF (first frame) or TIFF (first page). The format is recognised by the file's bytes, not its
 * name. A JPEG is rotated according to its EXIF orientation. 16 bits per channel are reduced to 8. Transparency is dropped
 * and the colours below it are kept, as in most training pipelines; transparent pixels of a GIF are black.
 * @param path the file's name in errors.
 * @throws ImageError with the reason: empty, damaged, truncated or not supported.
 */
export async function decodeImage(bytes: Uint8Array, path: string): Promise<DecodedImage> {
  if (bytes.length === 0) throw new ImageError(path, "the file is empty");
  const format = formatOf(bytes);
  if (!format) throw new ImageError(path, `it is not a ${IMAGE_FORMATS} picture`);
  try {
    const { height, width } = declaredSize(bytes, format);
    if (height * width > MAX_PIXELS)
      throw new Error(`it declares ${width} x ${height} pixels, but at most 100 million are supported`);
    const decoded = await (format === "jpeg" ? decodeJpeg(bytes) : decodeByJimp(bytes, format));
    const animated = format === "gif" && isAnimatedGif(bytes);
    return { data: withoutAlpha(decoded), height: decoded.height, width: decoded.width, animated };
  } catch (error) {
    throw new ImageError(
      path,
      `the ${format.toUpperCase()} is damaged, truncated or of an unsupported kind (${messageOf(error)})`,
    );
  }
}

/** Encodes a picture as PNG, without loss. `pixels` is [height, width, channels]; 1 channel is grey, 3 are RGB. */
export async function encodePng(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: 1 | 3 = 3,
): Promise<Uint8Array> {
  checkPixels(pixels, height, width, channels);
  return formatPng(pixels, height, width, channels);
}

/** Encodes a picture as JPEG. `pixels` is [height, width, channels]; `quality` is from 1 to 100. */
export async function encodeJpeg(
  pixels: Uint8Array,
  height: number,
  width: number,
  quality = 95,
  channels: 1 | 3 = 3,
): Promise<Uint8Array> {
  checkPixels(pixels, height, width, channels);
  if (!(quality >= 1 && quality <= 100))
    throw new RangeError(mismatch("quality", "a number from 1 to 100", quality));
  return formatJpeg(pixels, height, width, channels, quality);
}

function checkPixels(pixels: Uint8Array, height: number, width: number, channels: number): void {
  if (pixels.length !== height * width * channels || pixels.length === 0) {
    throw new RangeError(mismatch("pixels", `${height} x ${width} x ${channels} values`, pixels.length));
  }
}

function formatOf(bytes: Uint8Array): Format | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 8)).toString("latin1");
  if (start.startsWith("\x89PNG")) return "png";
  if (start.startsWith("\xff\xd8")) return "jpeg";
  if (start.startsWith("GIF8")) return "gif";
  if (start.startsWith("BM")) return "bmp";
  if (start.startsWith("II*\0") || start.startsWith("MM\0*")) return "tiff";
  return undefined;
}

/** The size that the header declares; checked before memory is allocated. */
function declaredSize(bytes: Uint8Array, format: Format): { height: number; width: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (format === "tiff") return checkTiff(bytes);
  if (format === "jpeg") return readJpegHeader(bytes);
  try {
    if (format === "png") return { height: view.getUint32(20), width: view.getUint32(16) };
    if (format === "gif") return { height: view.getUint16(8, true), width: view.getUint16(6, true) };
    return { height: Math.abs(view.getInt32(22, true)), width: view.getInt32(18, true) };
  } catch {
    throw new Error("the file ends within its header");
  }
}

/** [height, width, 4] to [height, width, 3]; four pixels at a time, because four 32-bit words become three. */
function withoutAlpha({ data: rgba, height, width }: RgbaPixels): Uint8Array {
  if (rgba.length !== height * width * 4 || rgba.length === 0) throw new Error("it contains no pixels");
  const aligned = rgba.byteOffset % 4 === 0 ? rgba : Uint8Array.from(rgba);
  const pixels = new Uint32Array(aligned.buffer, aligned.byteOffset, height * width);
  const data = new Uint8Array(height * width * 3);
  const words = new Uint32Array(data.buffer, 0, Math.floor(data.length / 12) * 3);
  // The first byte of a pixel is the lowest of its word: all machines that we support are little-endian.
  for (let i = 0, j = 0; j < words.length; i += 4, j += 3) {
    const second = pixels[i + 1];
    const third = pixels[i + 2];
    words[j] = (pixels[i] & 0xffffff) | (second << 24);
    words[j + 1] = ((second >>> 8) & 0xffff) | (third << 16);
    words[j + 2] = ((third >>> 16) & 0xff) | (pixels[i + 3] << 8);
  }
  for (let i = (words.length / 3) * 4; i < pixels.length; i++) {
    data[3 * i] = pixels[i] & 0xff;
    data[3 * i + 1] = (pixels[i] >>> 8) & 0xff;
    data[3 * i + 2] = (pixels[i] >>> 16) & 0xff;
  }
  return data;
}
