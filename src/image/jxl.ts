// Decodes JPEG XL files with libjxl, compiled to WebAssembly in @jsquash/jxl. Reference: ISO/IEC 18181-1 and -2.

import type { Pixels } from "./batch.ts";
import { HeaderCutOffError, latin1, type PictureHeader, viewOf } from "./picture.ts";
import { decodeRgb, WasmDecoder } from "./wasm-decoder.ts";

const decoder = new WasmDecoder(
  "@jsquash/jxl/codec/dec/jxl_dec.wasm",
  () => import("@jsquash/jxl/codec/dec/jxl_dec.js"),
);

const CONTAINER = Buffer.from("0000000c4a584c20", "hex");
const CODESTREAM = 0xff0a;

/** Width over height, by the code in the header; 0: the width is written out. */
const RATIOS = [
  [0, 0],
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const;

/** Bits of a size, by its selector. */
const SIZE_BITS = [9, 13, 18, 30];

export function isJxl(bytes: Uint8Array): boolean {
  return (
    Buffer.compare(bytes.subarray(0, CONTAINER.length), CONTAINER) === 0 ||
    (bytes.length >= 2 && viewOf(bytes).getUint16(0) === CODESTREAM)
  );
}

/** Reads a codestream's bits, lowest first. */
class Bits {
  readonly #bytes: Uint8Array;
  #place = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#place++) {
      const byte = this.#bytes[this.#place >> 3];
      if (byte === undefined) throw new HeaderCutOffError();
      value += ((byte >> (this.#place & 7)) & 1) * 2 ** i;
    }
    return value;
  }
}

/** The size as stored; libjxl makes the picture upright, so `orientation` has no effect on the pixels. */
export function readJxlHeader(bytes: Uint8Array): PictureHeader {
  const bits = new Bits(codestreamOf(bytes).subarray(2));
  const isSmall = bits.read(1) === 1;
  const readSize = () => (isSmall ? 8 * (bits.read(5) + 1) : bits.read(SIZE_BITS[bits.read(2)]) + 1);
  const height = readSize();
  const [numerator, denominator] = RATIOS[bits.read(3)];
  const width = numerator === 0 ? readSize() : Math.floor((height * numerator) / denominator);
  const isDefault = bits.read(1) === 1;
  const hasExtras = !isDefault && bits.read(1) === 1;
  return { height, width, orientation: hasExtras ? bits.read(3) + 1 : 1 };
}

/** The beginning of the codestream, from its mark on. */
function codestreamOf(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  if (view.getUint16(0) === CODESTREAM) return bytes;
  for (let place = 0; place + 16 <= bytes.length; ) {
    let size = view.getUint32(place);
    let start = place + 8;
    if (size === 1) {
      size = Number(view.getBigUint64(start));
      start += 8;
    }
    const type = latin1(bytes, place + 4, place + 8);
    if (type === "jxlc") return bytes.subarray(start);
    // After the number of the part.
    if (type === "jxlp") return bytes.subarray(start + 4);
    if (size < 8) break;
    place += size;
  }
  throw new HeaderCutOffError();
}

/** Decodes the first frame, upright. Transparent pixels keep their colour. */
export function decodeJxl(bytes: Uint8Array): Promise<Pixels> {
  return decodeRgb(decoder, bytes);
}
