// Checks the first picture of a TIFF file. The decoder silently fills parts that it cannot read with black, so damaged
// files must be found here. Reference: TIFF revision 6.0 (Adobe, 1992), sections 2 and 8.

/** Compressions that the decoder supports (tag 259). */
const COMPRESSIONS = new Set([1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946]);

const TAG = {
  width: 256,
  height: 257,
  compression: 259,
  photometric: 262,
  stripOffsets: 273,
  stripBytes: 279,
  tileOffsets: 324,
  tileBytes: 325,
};

/**
 * The size in pixels that the first directory of a TIFF declares.
 * @throws Error with the reason if the file ends before its pixels do, or its compression is not supported.
 */
export function checkTiff(bytes: Uint8Array): { height: number; width: number } {
  const tags = readDirectory(bytes);
  const compression = tags.get(TAG.compression)?.[0] ?? 1;
  if (!COMPRESSIONS.has(compression))
    throw new Error(`TIFF compression ${compression} is not supported; save it with LZW or Deflate`);
  if (tags.get(TAG.photometric)?.[0] === 5) throw new Error("its colours are CMYK; save it as RGB");
  const offsets = tags.get(TAG.stripOffsets) ?? tags.get(TAG.tileOffsets);
  const lengths = tags.get(TAG.stripBytes) ?? tags.get(TAG.tileBytes);
  const [width] = tags.get(TAG.width) ?? [];
  const [height] = tags.get(TAG.height) ?? [];
  if (!offsets || !width || !height) throw new Error("no picture in the first directory");
  for (let i = 0; i < offsets.length; i++) {
    if (offsets[i] + (lengths?.[i] ?? 0) > bytes.length)
      throw new Error("the file ends before its pixels do");
  }
  return { height, width };
}

/** The whole-number tags of the first directory. */
function readDirectory(bytes: Uint8Array): Map<number, number[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tags = new Map<number, number[]>();
  try {
    const little = view.getUint16(0) === 0x4949;
    const start = view.getUint32(4, little);
    const entries = view.getUint16(start, little);
    for (let entry = start + 2; entry < start + 2 + 12 * entries; entry += 12) {
      const type = view.getUint16(entry + 2, little);
      const size = type === 3 ? 2 : 4;
      if (type !== 3 && type !== 4) continue;
      const count = view.getUint32(entry + 4, little);
      const place = count * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
      if (place + count * size > bytes.length) throw new RangeError();
      const values = Array.from({ length: count }, (_, i) =>
        type === 3 ? view.getUint16(place + 2 * i, little) : view.getUint32(place + 4 * i, little),
      );
      tags.set(view.getUint16(entry, little), values);
    }
  } catch {
    throw new Error("the file ends within its directory");
  }
  return tags;
}
