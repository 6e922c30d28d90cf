// Reads the coefficients of one scan of a JPEG. Reference: ITU-T T.81, annexes F and G.

import type { BitReader, HuffmanTable } from "./jpeg-bits.ts";
import type { Component, Frame } from "./jpeg-coefficients.ts";

/** Natural position of each coefficient in zigzag order. */
export const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];

export interface Scan {
  readonly components: readonly {
    readonly component: Component;
    readonly dc: HuffmanTable | undefined;
    readonly ac: HuffmanTable | undefined;
  }[];
  /** First and last coefficient, and the bits of the earlier and of this pass. */
  readonly from: number;
  readonly to: number;
  readonly high: number;
  readonly low: number;
}

/** Reads a block into `coefficients` from `at` on. */
type ReadBlock = (coefficients: Int16Array, at: number, entry: Scan["components"][number]) => void;

/** Reads the data of one scan. Returns the position after them. */
export function readScan(
  reader: BitReader,
  frame: Frame,
  scan: Scan,
  interval: number,
  progressive: boolean,
): number {
  const run = { left: 0 };
  const readBlock = progressive ? progressiveBlock(reader, scan, run) : sequentialBlock(reader);
  const [single] = scan.components;
  const isSingle = scan.components.length === 1;
  const across = isSingle ? single.component.columns : Math.ceil(frame.width / (8 * frame.maxH));
  const down = isSingle ? single.component.rows : Math.ceil(frame.height / (8 * frame.maxV));
  for (const { component } of scan.components) component.prediction = 0;
  for (let unit = 0; unit < across * down; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      reader.restart((unit / interval - 1) % 8);
      run.left = 0;
      for (const { component } of scan.components) component.prediction = 0;
    }
    const [x, y] = [unit % across, Math.floor(unit / across)];
    for (const entry of scan.components) {
      const { h, v, stride, coefficients } = entry.component;
      if (isSingle) {
        readBlock(coefficients, (y * stride + x) * 64, entry);
        continue;
      }
      for (let row = 0; row < v; row++) {
        for (let column = 0; column < h; column++)
          readBlock(coefficients, ((y * v + row) * stride + x * h + column) * 64, entry);
      }
    }
  }
  return reader.place;
}

function needed(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw new Error("a Huffman table is missing");
  return table;
}

function sequentialBlock(reader: BitReader): ReadBlock {
  return (coefficients, at, { component, dc, ac }) => {
    component.prediction += reader.signed(reader.symbol(needed(dc)));
    coefficients[at] = component.prediction;
    const table = needed(ac);
    for (let k = 1; k < 64; k++) {
      const symbol = reader.symbol(table);
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size === 0) {
        if (zeros < 15) return;
        k += 15;
        continue;
      }
      k += zeros;
      if (k > 63) throw new Error("its data cannot be decoded");
      coefficients[at + ZIGZAG[k]] = reader.signed(size);
    }
  };
}

function progressiveBlock(reader: BitReader, scan: Scan, run: { left: number }): ReadBlock {
  const { from, to, high, low } = scan;
  if (from === 0) {
    return (coefficients, at, { component, dc }) => {
      if (high > 0) {
        if (reader.bit()) coefficients[at] |= 1 << low;
        return;
      }
      component.prediction += reader.signed(reader.symbol(needed(dc)));
      coefficients[at] = component.prediction << low;
    };
  }
  if (high > 0) return (coefficients, at, { ac }) => refine(reader, coefficients, at, needed(ac), scan, run);
  return (coefficients, at, { ac }) => {
    if (run.left > 0) {
      run.left--;
      return;
    }
    const table = needed(ac);
    for (let k = from; k <= to; k++) {
      const symbol = reader.symbol(table);
      const [zeros, size] = [symbol >> 4, symbol & 15];
      if (size === 0) {
        if (zeros < 15) {
          run.left = (1 << zeros) + reader.bits(zeros) - 1;
          return;
        }
        k += 15;
        continue;
      }
      k += zeros;
      if (k > 63) throw new Error("its data cannot be decoded");
      coefficients[at + ZIGZAG[k]] = reader.signed(size) << low;
    }
  };
}

/** A later pass over coefficients, which adds one bit (annex G, 1.2.3). */
function refine(
  reader: BitReader,
  coefficients: Int16Array,
  at: number,
  table: HuffmanTable,
  { from, to, low }: Scan,
  run: { left: number },
): void {
  const bit = 1 << low;
  const correct = (place: number): void => {
    const value = coefficients[place];
    if (reader.bit() && (value & bit) === 0) coefficients[place] = value < 0 ? value - bit : value + bit;
  };
  let k = from;
  if (run.left === 0) {
    for (; k <= to; k++) {
      const symbol = reader.symbol(table);
      let zeros = symbol >> 4;
      let value = 0;
      if ((symbol & 15) > 0) {
        value = reader.bit() ? bit : -bit;
      } else if (zeros < 15) {
        run.left = (1 << zeros) + reader.bits(zeros);
        break;
      }
      for (; k <= to; k++) {
        const place = at + ZIGZAG[k];
        if (coefficients[place] !== 0) correct(place);
        else if (zeros-- === 0) {
          coefficients[place] = value;
          break;
        }
      }
    }
  }
  if (run.left === 0) return;
  for (; k <= to; k++) {
    const place = at + ZIGZAG[k];
    if (coefficients[place] !== 0) correct(place);
  }
  run.left--;
}
