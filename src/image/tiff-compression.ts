// Unpacks the strips and tiles of TIFF files. References: TIFF revision 6.0 (Adobe, 1992), sections 9 and 13; TIFF
// Technical Notes (Adobe, 2002).

import * as zlib from "node:zlib";
import { systemCode } from "../common/errors.ts";
import { pixelsMissing, type UnsupportedError, unsupported } from "./picture.ts";

export const COMPRESSION = {
  none: 1,
  huffman: 2,
  group3: 3,
  group4: 4,
  lzw: 5,
  oldJpeg: 6,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  oldDeflate: 32946,
  zstd: 50000,
  webp: 50001,
} as const;

/** Of compressions that are not supported. */
const NAMES: Record<number, string> = {
  [COMPRESSION.oldJpeg]: "old-style JPEG compression",
  34712: "JPEG 2000 compression",
  34887: "LERC compression",
  34925: "LZMA compression",
  50002: "JPEG XL compression",
};

/** What a strip may contain after its pixels. */
const SLACK = 2 ** 16;

const CLEAR = 256;
const END = 257;
const TABLE_SIZE = 4096;

function unsupportedCompression(compression: number): UnsupportedError {
  const name = NAMES[compression] ?? `compression ${compression}`;
  return unsupported(`a TIFF with ${name}`, "save it with LZW or Deflate");
}

/**
 * The bytes of a strip or tile without loss: `size` of them.
 * @throws Error if there are fewer, or the compression is not supported.
 */
export function unpack(packed: Uint8Array, compression: number, size: number): Uint8Array {
  const bytes = unpackAny(packed, compression, size);
  if (bytes.length < size) throw pixelsMissing();
  return bytes.subarray(0, size);
}

function unpackAny(packed: Uint8Array, compression: number, size: number): Uint8Array {
  const { none, lzw, deflate, oldDeflate, packBits, zstd } = COMPRESSION;
  switch (compression) {
    case none:
      return packed;
    case lzw:
      return unpackLzw(packed, size);
    case packBits:
      return unpackBits(packed, size);
    case deflate:
    case oldDeflate:
      return byZlib(() => zlib.inflateSync(packed, { maxOutputLength: size + SLACK }));
    case zstd:
      // Node 20 does not have it.
      if (!("zstdDecompressSync" in zlib))
        throw unsupported("a TIFF with Zstandard compression", "use Node 24");
      return byZlib(() => zlib.zstdDecompressSync(packed, { maxOutputLength: size + SLACK }));
    default:
      throw unsupportedCompression(compression);
  }
}

function byZlib(decompress: () => Uint8Array): Uint8Array {
  try {
    return decompress();
  } catch (error) {
    const code = systemCode(error);
    if (code === "ERR_BUFFER_TOO_LARGE") throw new Error("it contains more data than pixels");
    throw code === "Z_BUF_ERROR" ? pixelsMissing() : new Error("its data cannot be decoded");
  }
}

function unpackBits(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let [place, written] = [0, 0];
  while (written < size && place < packed.length) {
    const count = packed[place++];
    if (count === 128) continue;
    if (count < 128) {
      const part = packed.subarray(place, Math.min(place + count + 1, place + size - written));
      if (part.length < Math.min(count + 1, size - written)) throw pixelsMissing();
      out.set(part, written);
      written += part.length;
      place += count + 1;
    } else {
      if (place === packed.length) throw pixelsMissing();
      const end = Math.min(size, written + 257 - count);
      out.fill(packed[place++], written, end);
      written = end;
    }
  }
  if (written < size) throw pixelsMissing();
  return out;
}

/** LZW with the highest bit first; codes grow one code early. */
function unpackLzw(packed: Uint8Array, size: number): Uint8Array {
  if (packed[0] === 0 && packed[1] & 1)
    throw unsupported("a TIFF with the LZW compression of 1988", "save it with today's LZW or Deflate");
  const out = new Uint8Array(size);
  /** Of each code: the position of its first byte in `out`, and the number of its bytes. */
  const starts = new Uint32Array(TABLE_SIZE);
  const lengths = new Uint32Array(TABLE_SIZE);
  let [width, next, previous] = [9, END + 1, -1];
  let [held, bits, place, written] = [0, 0, 0, 0];
  let [previousStart, previousLength] = [0, 0];
  while (written < size) {
    while (bits < width) {
      if (place === packed.length) throw pixelsMissing();
      held = ((held << 8) | packed[place++]) & 0xffffff;
      bits += 8;
    }
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === END) throw pixelsMissing();
    if (code === CLEAR) {
      width = 9;
      next = END + 1;
      previous = -1;
      continue;
    }
    const start = written;
    if (code < CLEAR) {
      out[written++] = code;
    } else {
      if (previous < 0 || code > next) throw new Error("its data cannot be decoded");
      const isNew = code === next;
      const from = isNew ? previousStart : starts[code];
      // A new code is the previous one and its first byte again, which the copy has written by then.
      const stop = Math.min(size, written + (isNew ? previousLength + 1 : lengths[code]));
      for (let i = from; written < stop; i++) out[written++] = out[i];
    }
    if (previous >= 0 && next < TABLE_SIZE) {
      // The bytes of the previous code and the first of this one follow each other.
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
      if (next + 1 >= 1 << width && width < 12) width++;
    }
    previous = code;
    previousStart = start;
    previousLength = written - start;
  }
  return out;
}
