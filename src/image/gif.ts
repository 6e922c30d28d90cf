// Decodes the first frame of GIF files. jimp's decoder makes transparent pixels black, does not notice missing ones, and
// prints warnings. Reference: Graphics Interchange Format, version 89a (CompuServe, 1990).

import type { Pixels } from "./batch.ts";
import { unpackGif } from "./gif-lzw.ts";
import { type PictureHeader, readingHeader, viewOf } from "./picture.ts";

const EXTENSION = 0x21;
const CONTROL = 0xf9;
const PICTURE = 0x2c;

const HEADER_SIZE = 13;

interface Frame {
  readonly left: number;
  readonly top: number;
  readonly height: number;
  readonly width: number;
  readonly isInterlaced: boolean;
  /** RGB triples of all 256 indices. */
  readonly palette: Uint8Array;
  /** The index of the transparent colour, or 0: that of pixels outside the frame, as in Pillow. */
  readonly outside: number;
  /** Position of the byte with the size of the first code. */
  readonly data: number;
}

/**
 * Reads the size of the picture; a first frame that is larger extends it, as in Pillow.
 * @throws Error with the reason if there is none.
 */
export function readGifHeader(bytes: Uint8Array): PictureHeader {
  const view = viewOf(bytes);
  return readingHeader(() => {
    const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
    const frame = firstFrame(bytes);
    return {
      height: Math.max(height, frame.top + frame.height),
      width: Math.max(width, frame.left + frame.width),
      orientation: 1,
    };
  });
}

/** Decodes the first frame on the whole picture. Transparent pixels keep their colour. */
export function decodeGif(bytes: Uint8Array): Pixels {
  const { height, width } = readGifHeader(bytes);
  const frame = firstFrame(bytes);
  const indices = unpackGif(bytes, frame.data, frame.height * frame.width);
  const data = new Uint8Array(height * width * 3);
  const { palette } = frame;
  if (frame.height < height || frame.width < width) {
    const colour = frame.outside * 3;
    for (let i = 0; i < data.length; i++) data[i] = palette[colour + (i % 3)];
  }
  const rows = frame.isInterlaced ? interlacedRows(frame.height) : undefined;
  for (let i = 0; i < frame.height; i++) {
    const y = rows ? rows[i] : i;
    let to = ((frame.top + y) * width + frame.left) * 3;
    for (let place = i * frame.width; place < (i + 1) * frame.width; place++, to += 3) {
      const colour = indices[place] * 3;
      data[to] = palette[colour];
      data[to + 1] = palette[colour + 1];
      data[to + 2] = palette[colour + 2];
    }
  }
  return { data, height, width };
}

/** The row of the picture in which each stored row is. */
function interlacedRows(height: number): number[] {
  const passes = [
    [0, 8],
    [4, 8],
    [2, 4],
    [1, 2],
  ];
  return passes.flatMap(([start, step]) =>
    Array.from({ length: Math.max(0, Math.ceil((height - start) / step)) }, (_, i) => start + i * step),
  );
}

/** @throws RangeError if the file ends before it; Error if there is none. */
function firstFrame(bytes: Uint8Array): Frame {
  const view = viewOf(bytes);
  let transparent: number | undefined;
  let place = HEADER_SIZE + colourTableSize(view.getUint8(10));
  const common = bytes.subarray(HEADER_SIZE, place);
  while (true) {
    const kind = view.getUint8(place);
    if (kind === PICTURE) break;
    if (kind !== EXTENSION) throw new Error("it contains no pixels");
    if (view.getUint8(place + 1) === CONTROL && view.getUint8(place + 3) & 1)
      transparent = view.getUint8(place + 6);
    place = skipBlocks(bytes, place + 2);
  }
  const flags = view.getUint8(place + 9);
  const own = bytes.subarray(place + 10, place + 10 + colourTableSize(flags));
  const given = own.length > 0 ? own : common;
  // A colour that the palette lacks is black; without any palette, indices are grey values.
  const palette = new Uint8Array(3 * 256).map((_, i) =>
    given.length > 0 ? (given[i] ?? 0) : Math.floor(i / 3),
  );
  return {
    left: view.getUint16(place + 1, true),
    top: view.getUint16(place + 3, true),
    width: view.getUint16(place + 5, true),
    height: view.getUint16(place + 7, true),
    isInterlaced: (flags & 0x40) !== 0,
    palette,
    outside: transparent ?? 0,
    data: place + 10 + own.length,
  };
}

/** Whether a GIF file contains more than one picture. In a damaged file, those before the damage count. */
export function isAnimatedGif(bytes: Uint8Array): boolean {
  let pictures = 0;
  let place = HEADER_SIZE + colourTableSize(bytes[10]);
  while (place < bytes.length) {
    const kind = bytes[place];
    if (kind === PICTURE) {
      if (++pictures > 1) return true;
      // Skips its position and size, its own colours, and the size of the first code.
      place = skipBlocks(bytes, place + 10 + colourTableSize(bytes[place + 9]) + 1);
    } else if (kind === EXTENSION) {
      place = skipBlocks(bytes, place + 2);
    } else {
      return false;
    }
  }
  return false;
}

/** Size in bytes of the table that a header's flags announce. */
function colourTableSize(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** The position after a list of blocks, each preceded by its length; a block of length 0 ends the list. */
function skipBlocks(bytes: Uint8Array, start: number): number {
  let place = start;
  while (place < bytes.length && bytes[place] > 0) place += bytes[place] + 1;
  return place + 1;
}
