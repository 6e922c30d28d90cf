// The tables of baseline JPEG: quantization and Huffman codes as ITU-T T.81 (1992) gives them in Annex K.

/** Where the coefficients of a block lie in the file's order: `ZIGZAG[k]` is row x 8 + column (figure 5). */
export const ZIGZAG = Uint8Array.from([
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46,
  53, 60, 61, 54, 47, 55, 62, 63,
]);

/** Steps at quality 50, row by row (tables K.1 and K.2). */
const LUMINANCE_STEPS = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE_STEPS = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/** A Huffman table as a file has it, and the codes that follow from it. */
export interface HuffmanTable {
  /** How many codes have the length 1, 2, ... 16. */
  readonly counts: Uint8Array;
  /** What the codes mean, the shortest first. */
  readonly values: Uint8Array;
  /** By value. */
  readonly codes: Uint16Array;
  /** By value, in bits. */
  readonly lengths: Uint8Array;
}

/** Tables K.3 to K.6: DC and AC coefficients of luminance, then of chrominance. */
export const DC_LUMINANCE = huffmanTable("00010501010101010100000000000000", "000102030405060708090a0b");
export const AC_LUMINANCE = huffmanTable(
  "0002010303020403050504040000017d",
  "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a343536" +
    "3738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798" +
    "999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3" +
    "f4f5f6f7f8f9fa",
);
export const DC_CHROMINANCE = huffmanTable("00030101010101010101010000000000", "000102030405060708090a0b");
export const AC_CHROMINANCE = huffmanTable(
  "00020102040403040705040400010277",
  "0001020311040521310612415107617113223281081442" +
    "91a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a" +
    "636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9" +
    "bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
);

/** The steps of a quality from 1 to 100, row by row, scaled as the Independent JPEG Group's library does. */
export function quantizationSteps(quality: number): { luminance: Uint8Array; chrominance: Uint8Array } {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const scale = (steps: readonly number[]) =>
    Uint8Array.from(steps, (step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))));
  return { luminance: scale(LUMINANCE_STEPS), chrominance: scale(CHROMINANCE_STEPS) };
}

/** Codes of a table (Annex C): counted up within a length, doubled from one to the next. */
function huffmanTable(counts: string, values: string): HuffmanTable {
  const table = {
    counts: Uint8Array.from(Buffer.from(counts, "hex")),
    values: Uint8Array.from(Buffer.from(values, "hex")),
    codes: new Uint16Array(256),
    lengths: new Uint8Array(256),
  };
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++, code <<= 1) {
    for (let i = 0; i < table.counts[length - 1]; i++) {
      const value = table.values[next++];
      table.codes[value] = code++;
      table.lengths[value] = length;
    }
  }
  return table;
}
