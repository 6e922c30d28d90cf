// What the decoders of all formats have in common.

/** RGBA, [height, width, 4], row by row. */
export interface RgbaPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
}

/** What a file declares about its first picture. */
export interface PictureHeader {
  /** In pixels, as stored: before the orientation is applied. */
  readonly height: number;
  readonly width: number;
  /** From 1 to 8, as in EXIF; 1 is upright. */
  readonly orientation: number;
}

/** A picture of a kind that is not supported. The message is complete: what it is, and what to do. */
export class UnsupportedError extends Error {}

/** @param what the kind, with its article; `them` if it is a plural. */
export function unsupported(what: string, advice: string, which: "is" | "are" = "is"): UnsupportedError {
  return new UnsupportedError(`it is ${what}, which ${which} not supported: ${advice}`);
}

/** The file ends before its last pixel. */
export function pixelsMissing(): Error {
  return new Error("the file ends before its pixels do");
}

/** The file ends before the header is complete: a longer part of the file may have it. */
export class HeaderCutOffError extends Error {
  constructor(part = "header") {
    super(`the file ends within its ${part}`);
  }
}

/** Reads a header; access beyond the end means that the file is cut off. */
export function readingHeader<T>(read: () => T, part?: string): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new HeaderCutOffError(part);
    throw error;
  }
}

/** Reads `length` bytes from `start` on; fewer at the end of the file. */
export type ReadPart = (start: number, length: number) => Uint8Array;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Bytes from `start` to `end` as text, one character per byte. */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1", start, end);
}
