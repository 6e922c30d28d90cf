// The size of a picture file from its header alone, without decoding it.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { imageSize } from "image-size";

/** Bytes to try at first, and if the header is longer (metadata may precede the size); then the whole file. */
const BEGINNINGS = [4096, 131_072, Number.POSITIVE_INFINITY];

/** EXIF orientations from this one on turn the picture by a quarter. */
const FIRST_QUARTER_TURN = 5;

/**
 * Height and width in pixels that a file declares, for a JPEG as its EXIF orientation turns it; undefined if it cannot be
 * read, or is not a picture of a known format.
 */
export function readPictureSize(path: string): { height: number; width: number } | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined; // the decoder reports it
  }
  try {
    const { size } = fstatSync(file);
    for (const beginning of BEGINNINGS) {
      const bytes = Buffer.alloc(Math.min(size, beginning));
      const declared = parse(bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0)));
      if (declared || beginning >= size) return declared;
    }
    return undefined;
  } catch {
    return undefined; // the decoder reports it
  } finally {
    closeSync(file);
  }
}

function parse(bytes: Uint8Array): { height: number; width: number } | undefined {
  try {
    const { height, width, orientation = 1, type } = imageSize(bytes);
    if (!(height >= 1 && width >= 1)) return undefined;
    const isTurned = type === "jpg" && orientation >= FIRST_QUARTER_TURN;
    return isTurned ? { height: width, width: height } : { height, width };
  } catch {
    return undefined; // the header is longer, or damaged
  }
}
