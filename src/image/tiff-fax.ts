// Unpacks the fax compressions of TIFF files: modified Huffman, group 3 and group 4. A row must have exactly its pixels: there
// are no checksums, and decoders that accept damage give wrong pixels. References: ITU-T T.4 and T.6; TIFF revision 6.0
// (Adobe, 1992), sections 10 and 11.

import { BLACK_RUNS, type CodeTable, HORIZONTAL, PASS, ROW_MODES, WHITE_RUNS } from "./fax-codes.ts";
import { pixelsMissing } from "./picture.ts";
import { COMPRESSION } from "./tiff-compression.ts";

const LONGEST_CODE = 13;
/** Zeros before the 1 that ends a row. */
const END_OF_ROW = 11;
const LONGEST_FILL = 2 ** 16;

/** Group 3 options (tag 292). */
const TWO_DIMENSIONAL = 1;

class Bits {
  readonly #bytes: Uint8Array;
  #place = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  bit(): number {
    const byte = this.#bytes[this.#place >> 3];
    if (byte === undefined) throw pixelsMissing();
    return (byte >> (7 - (this.#place++ & 7))) & 1;
  }

  align(): void {
    this.#place = (this.#place + 7) & ~7;
  }

  code(table: CodeTable): number {
    let code = 1;
    for (let length = 0; length < LONGEST_CODE; length++) {
      code = (code << 1) | this.bit();
      const value = table.get(code);
      if (value !== undefined) return value;
    }
    throw new Error("its data cannot be decoded");
  }

  /** The length of a run: multiples of 64, then the rest. */
  run(isBlack: boolean): number {
    const table = isBlack ? BLACK_RUNS : WHITE_RUNS;
    let total = 0;
    while (true) {
      const length = this.code(table);
      total += length;
      if (length < 64) return total;
    }
  }

  /** Passes the mark before a row. */
  endOfRow(): void {
    let zeros = 0;
    while (this.bit() === 0) if (++zeros > LONGEST_FILL) throw new Error("its data cannot be decoded");
    if (zeros < END_OF_ROW) throw new Error("its data cannot be decoded");
  }
}

/**
 * The pixels of a strip, [height, width]: 255 for black, 0 for white.
 * @param packed highest bit first.
 * @param options those of group 3.
 * @throws Error if they are damaged.
 */
export function unpackFax(
  packed: Uint8Array,
  height: number,
  width: number,
  compression: number,
  options: number,
): Uint8Array {
  const bits = new Bits(packed);
  const pixels = new Uint8Array(height * width);
  let above: readonly number[] = [];
  for (let y = 0; y < height; y++) {
    if (compression === COMPRESSION.group3) bits.endOfRow();
    const isPlain =
      compression === COMPRESSION.huffman ||
      (compression === COMPRESSION.group3 && ((options & TWO_DIMENSIONAL) === 0 || bits.bit() === 1));
    const changes = isPlain ? readRow(bits, width) : readRowBy(bits, width, above);
    if (compression === COMPRESSION.huffman) bits.align();
    for (let i = 0; i < changes.length; i += 2)
      pixels.fill(255, y * width + changes[i], y * width + (changes[i + 1] ?? width));
    above = changes;
  }
  return pixels;
}

/** The places at which the colour changes, from white on. */
function readRow(bits: Bits, width: number): number[] {
  const changes: number[] = [];
  let place = 0;
  while (true) {
    place = moved(place, bits.run(changes.length % 2 === 1), width);
    if (place === width) return changes;
    changes.push(place);
  }
}

/** The same, as differences to the row above. */
function readRowBy(bits: Bits, width: number, above: readonly number[]): number[] {
  const changes: number[] = [];
  // The first place is before the row.
  let place = -1;
  let next = 0;
  while (place < width) {
    // The change above, to the other colour, that follows this place.
    const parity = changes.length % 2;
    while (next > 0 && above[next - 1] > place) next--;
    while (next < above.length && (above[next] <= place || next % 2 !== parity)) next++;
    const mode = bits.code(ROW_MODES);
    if (mode === PASS) {
      place = above[next + 1] ?? width;
    } else if (mode === HORIZONTAL) {
      for (let i = 0; i < 2; i++) {
        place = moved(Math.max(place, 0), bits.run(changes.length % 2 === 1), width);
        changes.push(place);
      }
    } else {
      const change = (above[next] ?? width) + mode;
      if (change < Math.max(place, 0) || change > width) throw new Error("its data cannot be decoded");
      place = change;
      changes.push(place);
    }
  }
  // Changes at the end of the row are not changes.
  while (changes.at(-1) === width) changes.pop();
  return changes;
}

function moved(place: number, run: number, width: number): number {
  if (place + run > width) throw new Error("its data cannot be decoded");
  return place + run;
}
