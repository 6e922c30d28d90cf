// Collects the samples of a TIFF's strips and tiles, and reduces them to 8 bits.

import { half } from "../common/half.ts";
import { UnsupportedError, viewOf } from "./picture.ts";
import { type Layout, PHOTOMETRIC, type Piece } from "./tiff-pieces.ts";

export type NumberKind = "unsigned" | "signed" | "float";

/** The samples of a whole picture, [height, width, channels]: bytes, or numbers that are yet to be scaled. */
export interface Samples {
  readonly bytes?: Uint8Array;
  readonly numbers?: Float32Array;
  readonly kind: NumberKind;
  /** Copies the part of the piece that is inside the picture. */
  readonly take: (piece: Piece) => void;
}

/** Reads the sample with this index in a row that begins at `place`. */
type ReadSample = (view: DataView, place: number, index: number) => number;

export function readSamples(kind: NumberKind, layout: Layout, channels: number): Samples {
  const { height, width, bits } = layout;
  const isWide = kind !== "unsigned" || bits > 16;
  const values = new (isWide ? Float32Array : Uint8Array)(height * width * channels);
  const readers = new Map<number, ReadSample>();
  const take = (piece: Piece): void => {
    const read = readers.get(piece.bits) ?? readerOf(kind, piece.bits, layout);
    readers.set(piece.bits, read);
    copy(piece, values, channels, layout, read);
  };
  return { ...(isWide ? { numbers: values as Float32Array } : { bytes: values as Uint8Array }), kind, take };
}

function copy(
  piece: Piece,
  values: Uint8Array | Float32Array,
  channels: number,
  { height, width }: Layout,
  read: ReadSample,
): void {
  const { top, left, samples, channel, bits, data } = piece;
  const view = viewOf(data);
  const rowSize = Math.ceil((piece.width * samples * bits) / 8);
  const rows = Math.min(piece.height, height - top);
  const columns = Math.min(piece.width, width - left);
  const used = Math.min(samples, channels - channel);
  const isSame = bits === 8 && samples === channels && channel === 0;
  for (let y = 0; y < rows; y++) {
    let to = ((top + y) * width + left) * channels + channel;
    if (isSame) {
      values.set(data.subarray(y * rowSize, y * rowSize + columns * samples), to);
      continue;
    }
    for (let x = 0; x < columns; x++, to += channels) {
      for (let i = 0; i < used; i++) values[to + i] = read(view, y * rowSize, x * samples + i);
    }
  }
}

function readerOf(
  kind: NumberKind,
  bits: number,
  { directory: { little }, photometric }: Layout,
): ReadSample {
  if (bits === 8) return (view, place, index) => view.getUint8(place + index);
  if (kind === "float") {
    if (bits === 16) return (view, place, index) => half(view.getUint16(place + 2 * index, little));
    if (bits === 32) return (view, place, index) => view.getFloat32(place + 4 * index, little);
    return (view, place, index) => view.getFloat64(place + 8 * index, little);
  }
  if (bits === 32) {
    return kind === "signed"
      ? (view, place, index) => view.getInt32(place + 4 * index, little)
      : (view, place, index) => view.getUint32(place + 4 * index, little);
  }
  if (bits === 16) return (view, place, index) => view.getUint8(place + 2 * index + (little ? 1 : 0));
  const largest = 2 ** bits - 1;
  // An index of a palette keeps its value.
  const scale = photometric === PHOTOMETRIC.palette ? 1 : 255 / largest;
  return (view, place, index) => {
    let value = 0;
    for (let bit = index * bits; bit < (index + 1) * bits; bit++)
      value = (value << 1) | ((view.getUint8(place + (bit >> 3)) >> (7 - (bit & 7))) & 1);
    return bits > 8 ? value >> (bits - 8) : value * scale;
  };
}

/**
 * Bytes of all samples. Floating-point numbers from 0 to 1 become 0 to 255; other numbers must be from 0 to 255.
 * @throws UnsupportedError if they are not.
 */
export function toBytes({ bytes, numbers, kind }: Samples): Uint8Array {
  if (bytes || !numbers) return bytes ?? new Uint8Array();
  let [least, most] = [numbers[0], numbers[0]];
  for (const value of numbers) {
    if (!Number.isFinite(value))
      throw new UnsupportedError("some of its values are not numbers (NaN or infinite): replace them");
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least < 0 || most > 255) throw new UnsupportedError(rangeError(kind, least, most));
  const isUnit = kind === "float" && most <= 1;
  return Uint8Array.from(numbers, (value) => Math.floor(isUnit ? 255 * value + 0.5 : value));
}

function rangeError(kind: NumberKind, least: number, most: number): string {
  const range = `from ${Number(least.toPrecision(6))} to ${Number(most.toPrecision(6))}`;
  return kind === "float"
    ? `its values are ${range}; floating-point pictures need values from 0 to 1 or from 0 to 255: scale them`
    : `its integers are ${range}; more than 16 bits need values from 0 to 255: scale them to 8 or 16 bits`;
}
