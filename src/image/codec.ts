// Picture files to pixels and back. The library for a format is loaded with the first file of that format.

import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import type { Pixels } from "./batch.ts";
import { isAnimatedGif } from "./gif.ts";
import { decodeByJimp, type Format, formatPng, type RgbaPixels } from "./jimp.ts";
import { formatJpeg } from "./jpeg.ts";
import { decodeJpeg } from "./jpeg-decoder.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { checkTiff } from "./tiff.ts";

/** A picture, and what is to be known of its file. */
export interface DecodedImage extends Pixels {
  /** The file holds more pictures than this one, its first. */
  readonly animated: boolean;
}

/** A picture file that cannot be decoded. */
export class ImageError extends UsageError {
  override readonly name: string = "ImageError";
  /** Why, without the file's name. */
  readonly reason: string;

  constructor(path: string, reason: string) {
    super(`cannot read the picture ${path}: ${reason}`);
    this.reason = reason;
  }
}

/** A header that declares more pixels than this is assumed to be damaged. */
const MAX_PIXELS = 1e8;

/** File name endings of the pictures that `decodeImage` reads. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  "bmp dib gif jfif jpe jpeg jpg png tif tiff".split(" ").map((extension) => `.${extension}`),
);

/** What is read, for messages. */
export const IMAGE_FORMATS = "PNG, JPEG, BMP, GIF or TIFF";

/**
 * Decodes a PNG, JPEG, BMP, GIF (its first frame) or TIFF (its first page), which it recognises by the bytes, not by
 * the name. A JPEG is turned as its EXIF orientation says. 16 bits a channel become 8. Transparency is dropped: the
 * colours below it remain, as in most training pipelines; transparent places of a GIF are black.
 * @param path names the file in errors.
 * @throws ImageError with the reason: empty, truncated, or no such picture.
 */
export async function decodeImage(bytes: Uint8Array, path: string): Promise<DecodedImage> {
  if (bytes.length === 0) throw new ImageError(path, "the file is empty");
  const format = formatOf(bytes);
  if (!format) throw new ImageError(path, `it is no ${IMAGE_FORMATS} picture`);
  try {
    const { height, width } = declaredSize(bytes, format);
    if (height * width > MAX_PIXELS)
      throw new Error(`it declares ${width}x${height} pixels, more than are read`);
    const decoded = await (format === "jpeg" ? decodeJpeg(bytes) : decodeByJimp(bytes, format));
    const animated = format === "gif" && isAnimatedGif(bytes);
    return { data: withoutAlpha(decoded), height: decoded.height, width: decoded.width, animated };
  } catch (error) {
    throw new ImageError(
      path,
      `the ${format.toUpperCase()} is damaged, truncated or of a kind that is not read (${messageOf(error)})`,
    );
  }
}

/** The picture as a PNG file without loss. `pixels` is [height, width, channels]; 1 channel is grey, 3 are RGB. */
export async function encodePng(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: 1 | 3 = 3,
): Promise<Uint8Array> {
  checkPixels(pixels, height, width, channels);
  return formatPng(pixels, height, width, channels);
}

/** The picture as a JPEG file. `pixels` is [height, width, channels]; `quality` from 1 to 100. */
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

/** What the header says, before memory is taken for it. */
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

/** [height, width, 4] to [height, width, 3]; four pixels at a time, as three of four 32-bit words remain. */
function withoutAlpha({ data: rgba, height, width }: RgbaPixels): Uint8Array {
  if (rgba.length !== height * width * 4 || rgba.length === 0) throw new Error("it holds no pixels");
  const aligned = rgba.byteOffset % 4 === 0 ? rgba : Uint8Array.from(rgba);
  const pixels = new Uint32Array(aligned.buffer, aligned.byteOffset, height * width);
  const data = new Uint8Array(height * width * 3);
  const words = new Uint32Array(data.buffer, 0, Math.floor(data.length / 12) * 3);
  // The first byte of a pixel is its word's lowest: every machine that Node runs on is little-endian.
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
