// The Huffman-coded bits of a JPEG's scans. Reference: ITU-T T.81, annexes C and F.

import { pixelsMissing } from "./picture.ts";

/** Bits of the codes that are looked up at once. */
const SHORT = 8;

/** Of each length: the first code, the first after the last, and the index of the first symbol. */
export interface HuffmanTable {
  /** By the next `SHORT` bits: the length of the code and its symbol (256 × length + symbol); 0 if it is longer. */
  readonly short: Uint16Array;
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly index: Int32Array;
  readonly symbols: Uint8Array;
}

/** The bits of a scan, without stuffed bytes. */
export class BitReader {
  readonly #bytes: Uint8Array;
  place: number;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array, place: number) {
    this.#bytes = bytes;
    this.place = place;
  }

  /** Holds at least `SHORT` bits, unless the data of the scan end before. */
  #fill(): void {
    while (this.#count <= 16) {
      const byte = this.#bytes[this.place];
      // After 0xff: a stuffed 0, or a marker, at which the data end.
      if (byte === undefined || (byte === 0xff && this.#bytes[this.place + 1] !== 0)) return;
      this.place += byte === 0xff ? 2 : 1;
      this.#held = ((this.#held << 8) | byte) & 0xffffff;
      this.#count += 8;
    }
  }

  bit(): number {
    if (this.#count === 0) this.#fill();
    if (this.#count === 0) throw pixelsMissing();
    return (this.#held >> --this.#count) & 1;
  }

  bits(count: number): number {
    if (this.#count < count) this.#fill();
    if (this.#count < count) throw pixelsMissing();
    this.#count -= count;
    return (this.#held >> this.#count) & ((1 << count) - 1);
  }

  /** A value of `count` bits, of which half are negative (annex F, EXTEND). */
  signed(count: number): number {
    if (count === 0) return 0;
    const value = this.bits(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  symbol({ short, first, last, index, symbols }: HuffmanTable): number {
    if (this.#count < SHORT) this.#fill();
    if (this.#count >= SHORT) {
      const entry = short[(this.#held >> (this.#count - SHORT)) & ((1 << SHORT) - 1)];
      if (entry > 0) {
        this.#count -= entry >> 8;
        return entry & 255;
      }
    }
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.bit();
      if (code < last[length]) return symbols[index[length] + code - first[length]];
    }
    throw new Error("its data cannot be decoded");
  }

  /** Continues at the next marker; fails unless it is the restart marker `number`. */
  restart(number: number): void {
    // Whole bytes that remain are data without a meaning.
    if (this.#count >= 8) throw new Error("a restart marker is missing");
    this.#count = 0;
    while (this.#bytes[this.place] === 0xff && this.#bytes[this.place + 1] === 0xff) this.place++;
    if (this.#bytes[this.place] !== 0xff) throw new Error("a restart marker is missing");
    if (this.#bytes[this.place + 1] !== 0xd0 + number) throw new Error("a restart marker is missing");
    this.place += 2;
  }
}

/** The tables for the first coefficients of blocks, and for the others, by their numbers. */
export interface HuffmanTables {
  readonly dc: HuffmanTable[];
  readonly ac: HuffmanTable[];
}

/** Reads the content of a segment of tables. */
export function readHuffman(content: Uint8Array, tables: HuffmanTables): void {
  for (let place = 0; place < content.length; ) {
    const kind = content[place++];
    const first = new Int32Array(17);
    const last = new Int32Array(17);
    const index = new Int32Array(17);
    let [code, total] = [0, 0];
    for (let length = 1; length <= 16; length++) {
      const count = content[place++];
      first[length] = code;
      index[length] = total;
      code += count;
      total += count;
      last[length] = code;
      if (code > 1 << length) throw new Error("its Huffman tables are damaged");
      code <<= 1;
    }
    const symbols = content.subarray(place, place + total);
    if (symbols.length < total) throw pixelsMissing();
    place += total;
    const short = shortCodes({ first, last, index, symbols });
    tables[kind >> 4 ? "ac" : "dc"][kind & 15] = { short, first, last, index, symbols };
  }
}

function shortCodes({ first, last, index, symbols }: Omit<HuffmanTable, "short">): Uint16Array {
  const short = new Uint16Array(1 << SHORT);
  for (let length = 1; length <= SHORT; length++) {
    const rest = SHORT - length;
    for (let code = first[length]; code < last[length]; code++) {
      const symbol = symbols[index[length] + code - first[length]];
      short.fill(256 * length + symbol, code << rest, (code + 1) << rest);
    }
  }
  return short;
}
