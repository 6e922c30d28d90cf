// Decodes and encodes picture files. The library for a format is loaded with the first file of that format.

import { messageOf, mismatch, UsageError } from "../common/errors.ts";
import { MAX_SIDE, type Pixels } from "./batch.ts";
import { upright } from "./exif.ts";
import { type Format, formatOf } from "./formats.ts";
import { formatPng } from "./jimp.ts";
import { formatJpeg } from "./jpeg.ts";
import { describeKind, KIND_BYTES } from "./kinds.ts";
import { UnsupportedError } from "./picture.ts";

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

/** A picture has more pixels than its caller decodes now. */
export class LargePictureError extends Error {}

/** A header that declares more pixels than this is assumed to be damaged. */
const MAX_PIXELS = 1e8;

/**
 * Decodes a picture; of several frames or pages the first one. The format is recognised by the file's bytes, not its name.
 * The picture is rotated according to its orientation. 16 bits per channel are reduced to the upper eight. Transparency is
 * dropped and the colours below it are kept, as in most training pipelines. docs/data.md lists what is read.
 * @param path the file's name in errors.
 * @param most pixels that are decoded; MAX_PIXELS by default.
 * @throws ImageError with the reason: empty, damaged, truncated or not supported; LargePictureError if it has more pixels.
 */
export async function decodeImage(bytes: Uint8Array, path: string, most?: number): Promise<DecodedImage> {
  const format = formatOf(bytes);
  if (!format) throw new ImageError(path, describeKind(bytes.subarray(0, KIND_BYTES)));
  try {
    return await decodeAs(format, bytes, most);
  } catch (error) {
    if (error instanceof LargePictureError) throw error;
    if (error instanceof UnsupportedError) throw new ImageError(path, error.message);
    throw new ImageError(
      path,
      `the ${format.name} is damaged, truncated or of an unsupported kind (${reasonOf(error)})`,
    );
  }
}

/** Of a reader that looks beyond the end of a part, JavaScript's own message says nothing about the file. */
function reasonOf(error: unknown): string {
  if (!(error instanceof RangeError)) return messageOf(error);
  return /allocation/.test(error.message)
    ? "it takes more memory than there is"
    : "one of its parts is cut off";
}

async function decodeAs(format: Format, bytes: Uint8Array, most = MAX_PIXELS): Promise<DecodedImage> {
  const { height, width, orientation, largest = 0 } = format.readHeader(bytes);
  if (height < 1 || width < 1) throw new Error("it contains no pixels");
  if (Math.max(height * width, largest) > MAX_PIXELS)
    throw new Error(`it declares ${width} x ${height} pixels, but at most 100 million are supported`);
  if (Math.max(height, width) > MAX_SIDE)
    throw new Error(
      `it declares ${width} x ${height} pixels, but at most ${MAX_SIDE} along a side are supported`,
    );
  if (Math.max(height * width, largest) > most) throw new LargePictureError();
  const decoded = await format.decode(bytes);
  const pixels = format.isUpright ? decoded : upright(decoded, orientation);
  return { ...pixels, animated: format.isAnimated?.(bytes) ?? false };
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
