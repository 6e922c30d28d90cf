// The orientation in metadata, EXIF or XMP, and how it turns pixels. References: Exif 2.32 (CIPA DC-008-2019), 4.6.4; XMP part 2
// (Adobe, 2016), 3.2. What is damaged or given twice is read as Pillow reads it.

import type { Pixels } from "./batch.ts";
import { latin1, viewOf } from "./picture.ts";

const ORIENTATION = 274;

/** Sizes in bytes of the whole-number types of a tag: SHORT, LONG, SBYTE, SSHORT, SLONG, IFD. */
const SIZES: Record<number, 1 | 2 | 4> = { 3: 2, 4: 4, 6: 1, 8: 2, 9: 4, 13: 4 };

const MARK = "Exif\0\0";

/** The first orientation in an XMP packet, as an attribute or an element. */
const IN_XMP = /tiff:Orientation(?:="|>)([0-9])/;

/** Orientations from this one on turn the picture by a quarter, and exchange its height and width. */
const FIRST_QUARTER_TURN = 5;

/** Metadata of a picture; what is missing or empty is not there. */
export interface Metadata {
  /** With or without its "Exif" mark. */
  readonly exif?: Uint8Array | undefined;
  readonly xmp?: Uint8Array | undefined;
}

/** The orientation, from 1 to 8: that in EXIF, or if EXIF has none, that in XMP; 1 if there is none, or it is damaged. */
export function orientationIn({ exif, xmp }: Metadata): number {
  return validOrientation((exif && inExif(withoutMark(exif))) ?? (xmp && inXmp(xmp)) ?? 1);
}

/** Whether an EXIF block says an orientation, or is damaged. */
export function hasOrientation(exif: Uint8Array): boolean {
  return inExif(withoutMark(exif)) !== undefined;
}

function withoutMark(block: Uint8Array): Uint8Array {
  // Some programs write it twice.
  if (latin1(block, 0, 12) === MARK + MARK) return block.subarray(12);
  return latin1(block, 0, 6) === MARK ? block.subarray(6) : block;
}

/** Undefined if there is none; 1 if the block is damaged. */
function inExif(exif: Uint8Array): number | undefined {
  if (exif.length === 0) return undefined;
  const order = latin1(exif, 0, 2);
  const little = order === "II";
  const view = viewOf(exif);
  if ((order !== "II" && order !== "MM") || exif.length < 8 || view.getUint16(2, little) !== 42) return 1;
  try {
    const start = view.getUint32(4, little);
    const entries = view.getUint16(start, little);
    for (let i = 0; i < entries; i++) {
      const entry = start + 2 + 12 * i;
      if (view.getUint16(entry, little) === ORIENTATION) return valueAt(view, entry, little);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return undefined;
}

function inXmp(xmp: Uint8Array): number | undefined {
  const found = IN_XMP.exec(latin1(xmp, 0, xmp.length));
  return found ? Number(found[1]) : undefined;
}

function valueAt(view: DataView, entry: number, little: boolean): number {
  const size = SIZES[view.getUint16(entry + 2, little)];
  const count = view.getUint32(entry + 4, little);
  if (!size || count === 0) return 1;
  // Of several values the first one counts.
  const place = count * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
  if (size === 1) return view.getUint8(place);
  return size === 2 ? view.getUint16(place, little) : view.getUint32(place, little);
}

/** Values without a meaning count as upright. */
export function validOrientation(value: number): number {
  return value >= 1 && value <= 8 ? value : 1;
}

/** The size of the upright picture. */
export function uprightSize(
  height: number,
  width: number,
  orientation: number,
): { height: number; width: number } {
  return orientation < FIRST_QUARTER_TURN ? { height, width } : { height: width, width: height };
}

/** The upright picture. `pixels` is as stored in the file. */
export function upright(pixels: Pixels, orientation: number): Pixels {
  if (orientation === 1) return pixels;
  const { data: from, height: fromHeight, width: fromWidth } = pixels;
  const { height, width } = uprightSize(fromHeight, fromWidth, orientation);
  const isTurned = orientation >= FIRST_QUARTER_TURN;
  // Of the stored picture: whether its columns and rows are read backwards.
  const mirrorsX = [2, 3, 7, 8].includes(orientation);
  const mirrorsY = [3, 4, 6, 7].includes(orientation);
  const data = new Uint8Array(from.length);
  const stepX = (mirrorsX ? -1 : 1) * 3;
  const stepY = (mirrorsY ? -1 : 1) * 3 * fromWidth;
  const first = (mirrorsX ? (fromWidth - 1) * 3 : 0) + (mirrorsY ? (fromHeight - 1) * 3 * fromWidth : 0);
  const [acrossStep, downStep] = isTurned ? [stepY, stepX] : [stepX, stepY];
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, place = first + y * downStep; x < width; x++, to += 3, place += acrossStep) {
      data[to] = from[place];
      data[to + 1] = from[place + 1];
      data[to + 2] = from[place + 2];
    }
  }
  return { data, height, width };
}
