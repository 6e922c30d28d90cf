// Reads the coefficients of a Huffman-coded JPEG, sequential or progressive. MozJPEG's WebAssembly only returns RGB, which is
// not enough for four components. Reference: ITU-T T.81, annexes B, F and G.

import { BitReader, type HuffmanTables, readHuffman } from "./jpeg-bits.ts";
import { MARKER, segmentsOf } from "./jpeg-header.ts";
import { readScan, type Scan, ZIGZAG } from "./jpeg-scan.ts";
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
  const tables: HuffmanTables = { dc: [], ac: [] };
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

function readScanHeader(view: DataView, place: number, frame: Frame, tables: HuffmanTables): Scan {
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
