// Reads the coefficients of a Huffman-coded JPEG, sequential or progressive. MozJPEG's WebAssembly only returns RGB, which is
// not enough for four components. Reference: ITU-T T.81, annexes B, F and G.

import { MARKER, segmentsOf } from "./jpeg-header.ts";
import { latin1, pixelsMissing, viewOf } from "./picture.ts";

/** Coefficients of one component: blocks of 64 in natural order, row by row. */
export interface Component {
  readonly id: number;
  /** Sampling factors. */
  readonly h: number;
  readonly v: number;
  /** Blocks per row and rows of blocks that are needed, and that are allocated. */
  readonly columns: number;
  readonly rows: number;
  readonly stride: number;
  readonly coefficients: Int16Array;
  /** Of the quantization, in natural order. */
  quantization: Uint16Array;
  readonly table: number;
  prediction: number;
}

export interface Frame {
  readonly height: number;
  readonly width: number;
  readonly maxH: number;
  readonly maxV: number;
  readonly components: readonly Component[];
  /** The transform of the Adobe marker; undefined if there is no such marker. */
  readonly transform: number | undefined;
}

/** Natural position of each coefficient in zigzag order. */
const ZIGZAG = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
];

/** Of each length: the first code, the first after the last, and the index of the first symbol. */
interface HuffmanTable {
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly index: Int32Array;
  readonly symbols: Uint8Array;
}

/** The bits of a scan, without stuffed bytes. */
class BitReader {
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

interface Scan {
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

/** Reads all scans. @throws Error with the reason if the file is damaged or truncated. */
export function readCoefficients(bytes: Uint8Array): Frame {
  try {
    return readSegments(bytes);
  } catch (error) {
    throw error instanceof RangeError ? pixelsMissing() : error;
  }
}

function readSegments(bytes: Uint8Array): Frame {
  const view = viewOf(bytes);
  const quantizations: Uint16Array[] = [];
  const tables: Record<"ac" | "dc", HuffmanTable[]> = { dc: [], ac: [] };
  let frame: Frame | undefined;
  let transform: number | undefined;
  let [interval, progressive, begin] = [0, false, 2];
  while (true) {
    for (const { marker, place, end } of segmentsOf(bytes, begin)) {
      if (marker === MARKER.end) {
        if (!frame || frame.components.some(({ quantization }) => quantization.length === 0))
          throw new Error("it contains no pixels");
        return { ...frame, transform };
      }
      if (marker === MARKER.quantization) readQuantizations(view, place, end, quantizations);
      else if (marker === MARKER.huffman) readHuffman(bytes.subarray(place, end), tables);
      else if (marker === MARKER.restart) interval = view.getUint16(place);
      else if (marker === MARKER.adobe && place + 12 <= end && latin1(bytes, place, place + 5) === "Adobe")
        transform = view.getUint8(place + 11);
      else if (marker >= MARKER.frame && marker <= MARKER.progressiveFrame) {
        if (frame) throw new Error("it has two frames");
        frame = readFrame(view, place);
        progressive = marker === MARKER.progressiveFrame;
      } else if (marker === MARKER.scan) {
        if (!frame) throw new Error("its scan has no frame");
        const scan = readScanHeader(view, place, frame, tables);
        for (const { component } of scan.components) {
          // The table that is valid at the component's first scan.
          if (component.quantization.length > 0) continue;
          component.quantization = quantizations[component.table] ?? new Uint16Array();
        }
        begin = readScan(new BitReader(bytes, end), frame, scan, interval, progressive);
        break;
      }
    }
  }
}

function readQuantizations(view: DataView, start: number, end: number, tables: Uint16Array[]): void {
  for (let place = start; place < end; ) {
    const kind = view.getUint8(place++);
    const isWide = kind >> 4 > 0;
    const table = new Uint16Array(64);
    for (const position of ZIGZAG) {
      table[position] = isWide ? view.getUint16(place) : view.getUint8(place);
      place += isWide ? 2 : 1;
    }
    tables[kind & 15] = table;
  }
}

function readHuffman(content: Uint8Array, tables: Record<"ac" | "dc", HuffmanTable[]>): void {
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

function readFrame(view: DataView, place: number): Frame {
  const [height, width] = [view.getUint16(place + 1), view.getUint16(place + 3)];
  const entries = Array.from({ length: view.getUint8(place + 5) }, (_, i) => {
    const at = place + 6 + 3 * i;
    const sampling = view.getUint8(at + 1);
    return { id: view.getUint8(at), h: sampling >> 4, v: sampling & 15, table: view.getUint8(at + 2) };
  });
  if (entries.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4) || height < 1 || width < 1)
    throw new Error("its header is damaged");
  const maxH = Math.max(...entries.map(({ h }) => h));
  const maxV = Math.max(...entries.map(({ v }) => v));
  const [across, down] = [Math.ceil(width / (8 * maxH)), Math.ceil(height / (8 * maxV))];
  const components = entries.map((entry): Component => {
    const stride = across * entry.h;
    return {
      ...entry,
      columns: Math.ceil(Math.ceil((width * entry.h) / maxH) / 8),
      rows: Math.ceil(Math.ceil((height * entry.v) / maxV) / 8),
      stride,
      coefficients: new Int16Array(stride * down * entry.v * 64),
      quantization: new Uint16Array(),
      prediction: 0,
    };
  });
  return { height, width, maxH, maxV, components, transform: undefined };
}

function readScanHeader(
  view: DataView,
  place: number,
  frame: Frame,
  tables: Record<"ac" | "dc", HuffmanTable[]>,
): Scan {
  const count = view.getUint8(place);
  const components = Array.from({ length: count }, (_, i) => {
    const id = view.getUint8(place + 1 + 2 * i);
    const choice = view.getUint8(place + 2 + 2 * i);
    const component = frame.components.find((candidate) => candidate.id === id);
    if (!component) throw new Error("its scan has an unknown component");
    return { component, dc: tables.dc[choice >> 4], ac: tables.ac[choice & 15] };
  });
  const after = place + 1 + 2 * count;
  const [from, to] = [view.getUint8(after), view.getUint8(after + 1)];
  const bits = view.getUint8(after + 2);
  if (from > to || to > 63 || (bits & 15) > 13) throw new Error("its scan is damaged");
  return { components, from, to, high: bits >> 4, low: bits & 15 };
}

/** Reads a block into `coefficients` from `at` on. */
type ReadBlock = (coefficients: Int16Array, at: number, entry: Scan["components"][number]) => void;

/** Reads the data of one scan. Returns the position after them. */
function readScan(
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
