// Reads the first directory of a TIFF or BigTIFF file. References: TIFF revision 6.0 (Adobe, 1992), section 2; the BigTIFF
// file format (AWare Systems, 2007).

import { orientationIn, validOrientation } from "./exif.ts";
import { HeaderCutOffError, latin1, type PictureHeader, unsupported, viewOf } from "./picture.ts";

export const TAG = {
  kind: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samples: 277,
  rowsPerStrip: 278,
  stripBytes: 279,
  planar: 284,
  faxOptions: 292,
  predictor: 317,
  colours: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileBytes: 325,
  subdirectories: 330,
  inkSet: 332,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  xmp: 700,
  dng: 50706,
} as const;

/** Bytes per value of the whole-number types: BYTE, SHORT, LONG, UNDEFINED, IFD, LONG8, IFD8. */
const TYPE_SIZES: Record<number, number> = { 1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8 };

/** Values per tag: the most that a table of strips may have. */
const MOST_VALUES = 2 ** 24;

const PART = "directory";

export interface Directory {
  readonly little: boolean;
  /** The values of a tag; empty if it is missing. */
  readonly values: (tag: number) => readonly number[];
  /** Bytes per value of a tag; undefined if it is missing. */
  readonly size: (tag: number) => number | undefined;
  /** The first value of a tag. */
  readonly value: (tag: number, otherwise: number) => number;
}

interface Layout {
  readonly little: boolean;
  readonly isBig: boolean;
  /** Whether the bytes are those of the whole file. */
  readonly isAll: boolean;
}

/**
 * Reads the whole-number tags of the first directory.
 * @param isAll whether the bytes are those of the whole file.
 * @throws HeaderCutOffError if the file ends before it does; Error if there is none.
 */
export function readDirectory(bytes: Uint8Array, isAll = true): Directory {
  const view = viewOf(bytes);
  const little = latin1(bytes, 0, 2) === "II";
  try {
    const isBig = view.getUint16(2, little) === 43;
    const tags = readTags(view, { little, isBig, isAll });
    const known = new Map<number, readonly number[]>();
    const values = (tag: number) => {
      const found = known.get(tag) ?? readValues(view, tags.get(tag), little);
      known.set(tag, found);
      return found;
    };
    const size = (tag: number) => tags.get(tag)?.size;
    return { little, values, size, value: (tag, otherwise) => values(tag)[0] ?? otherwise };
  } catch (error) {
    if (error instanceof RangeError) throw new HeaderCutOffError(PART);
    throw error;
  }
}

/** The places of a tag's values, all of which are in the file. */
interface Values {
  readonly place: number;
  readonly length: number;
  /** Of each one, in bytes. */
  readonly size: number;
}

function readTags(view: DataView, layout: Layout): Map<number, Values> {
  const { little, isBig, isAll } = layout;
  const offset = (place: number) =>
    isBig ? Number(view.getBigUint64(place, little)) : view.getUint32(place, little);
  const start = offset(isBig ? 8 : 4);
  const count = isBig ? offset(start) : view.getUint16(start, little);
  const [first, size, slot] = isBig ? [start + 8, 20, 8] : [start + 2, 12, 4];
  // A damaged number of entries must not take long.
  if (first + count * size > view.byteLength) throw new RangeError();
  const tags = new Map<number, Values>();
  for (let entry = first; entry < first + count * size; entry += size) {
    const typeSize = TYPE_SIZES[view.getUint16(entry + 2, little)];
    if (!typeSize) continue;
    const length = offset(entry + 4);
    const inPlace = entry + 4 + slot;
    const place = length * typeSize <= slot ? inPlace : offset(inPlace);
    const tag = view.getUint16(entry, little);
    // Of two entries for a tag the first one counts.
    if (!isUsed(tag) || tags.has(tag)) continue;
    const isWhole = length <= MOST_VALUES && place + length * typeSize <= view.byteLength;
    // Metadata are not needed to read the picture.
    if (!isWhole && tag === TAG.xmp && isAll) continue;
    if (!isWhole) throw new RangeError();
    tags.set(tag, { place, length, size: typeSize });
  }
  return tags;
}

const USED = new Set<number>(Object.values(TAG));

function isUsed(tag: number): boolean {
  return USED.has(tag);
}

/** Only of tags that are needed: a small file may have all of them refer to the same many bytes. */
function readValues(view: DataView, values: Values | undefined, little: boolean): readonly number[] {
  if (!values) return [];
  const { place, length, size } = values;
  return Array.from({ length }, (_, i) => readValue(view, place + i * size, size, little));
}

function readValue(view: DataView, place: number, size: number, little: boolean): number {
  if (size === 1) return view.getUint8(place);
  if (size === 2) return view.getUint16(place, little);
  return size === 4 ? view.getUint32(place, little) : Number(view.getBigUint64(place, little));
}

/** @throws Error with the reason if there is no picture; HeaderCutOffError if the directory comes later. */
export function readTiffHeader(bytes: Uint8Array, isAll = true): PictureHeader {
  const directory = readDirectory(bytes, isAll);
  refuseRaw(directory);
  const [heights, widths] = [directory.values(TAG.height), directory.values(TAG.width)];
  const [height, width] = heights.length === 1 && widths.length === 1 ? [heights[0], widths[0]] : [0, 0];
  if (height < 1 || width < 1) throw new Error("no picture in the first directory");
  return { height, width, orientation: orientationOf(directory) };
}

function orientationOf({ values, size }: Directory): number {
  const [orientation] = values(TAG.orientation);
  // Bytes count as a text.
  if (size(TAG.orientation) === 1) return 1;
  if (orientation !== undefined) return validOrientation(orientation);
  return orientationIn({ xmp: Uint8Array.from(values(TAG.xmp)) });
}

/** Cameras' raw files begin like a TIFF, mostly with a thumbnail. */
function refuseRaw({ value, values }: Directory): void {
  const isThumbnail = (value(TAG.kind, 0) & 1) === 1 && values(TAG.subdirectories).length > 0;
  const isDng = values(TAG.dng).length > 0;
  if (isDng || isThumbnail)
    throw unsupported(
      `a camera's raw file${isDng ? " (DNG)" : ""}`,
      "develop it, and save it as JPEG or PNG",
    );
}
