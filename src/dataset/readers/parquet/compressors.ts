// Unpacks the pages of Parquet files: with Node's own libraries if it has the compression.

import * as zlib from "node:zlib";
import type { Compressors } from "hyparquet";
import { compressors, decompressZstd } from "hyparquet-compressors";
import { unpackSnappy } from "./snappy.ts";

/** Pages up to this size are unpacked by the library, which is faster if they repeat much. */
const SMALL_PAGE = 2 ** 23;

/** By the names of the format. `length` is that of the unpacked page, so damaged pages cannot become larger. */
export const COMPRESSORS: Compressors = {
  ...compressors,
  SNAPPY: (bytes, length) =>
    length > SMALL_PAGE ? unpackSnappy(bytes, length) : compressors.SNAPPY!(bytes, length),
  GZIP: (bytes, length) => zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (bytes, length) => zlib.brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (bytes, length) =>
    "zstdDecompressSync" in zlib
      ? zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, length) })
      : decompressZstd(bytes, new Uint8Array(length)),
};
