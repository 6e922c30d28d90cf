// The Huffman-coded bits of a JPEG's scans. Reference: ITU-T T.81, annexes C and F.

import { pixelsMissing } from "./picture.ts";

/** Of each length: the first code, the first after the last, and the index of the first symbol. */
export interface HuffmanTable {
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

  bit(): number {
    if (this.#count === 0) {
      const byte = this.#bytes[this.place];
      if (byte === undefined) throw pixelsMissing();
      if (byte === 0xff) {
        // A marker: the data of the scan have ended.
        if (this.#bytes[this.place + 1] !== 0) throw pixelsMissing();
        this.place++;
      }
      this.place++;
      this.#held = byte;
      this.#count = 8;
    }
    return (this.#held >> --this.#count) & 1;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = (value << 1) | this.bit();
    return value;
  }

  /** A value of `count` bits, of which half are negative (annex F, EXTEND). */
  signed(count: number): number {
    if (count === 0) return 0;
    const value = this.bits(count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
  }

  symbol({ first, last, index, symbols }: HuffmanTable): number {
    let code = 0;
    for (let length = 1; length <= 16; length++) {
      code = (code << 1) | this.bit();
      if (code < last[length]) return symbols[index[length] + code - first[length]];
    }
    throw new Error("its data cannot be decoded");
  }

  /** Continues at the next marker; fails unless it is the restart marker `number`. */
  restart(number: number): void {
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
    tables[kind >> 4 ? "ac" : "dc"][kind & 15] = { first, last, index, symbols };
  }
}
