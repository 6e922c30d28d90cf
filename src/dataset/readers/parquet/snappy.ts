// Unpacks Snappy in place of the library, whose memory has room for the packed and the unpacked page and is never given back:
// that matters for pages of a thousand photographs. Reference: the format description of google/snappy.

/** @throws Error if the data are damaged, or do not have this length unpacked. */
export function unpackSnappy(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  const output = new Uint8Array(length);
  let place = 0;
  let filled = 0;
  const number = (width: number) => {
    if (place + width > bytes.length) throw new Error("Snappy data that end too early");
    let value = 0;
    for (let i = 0; i < width; i++) value += bytes[place + i] * 256 ** i;
    place += width;
    return value;
  };
  // The length, which is known.
  while (number(1) >= 0x80);
  while (place < bytes.length) {
    const tag = number(1);
    const kind = tag & 3;
    const upper = tag >>> 2;
    if (kind === 0) {
      const size = (upper < 60 ? upper : number(upper - 59)) + 1;
      if (place + size > bytes.length || filled + size > length)
        throw new Error("Snappy data of impossible length");
      output.set(bytes.subarray(place, place + size), filled);
      place += size;
      filled += size;
      continue;
    }
    const size = kind === 1 ? (upper & 7) + 4 : upper + 1;
    const offset = kind === 1 ? (tag >>> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4);
    if (offset === 0 || offset > filled || filled + size > length)
      throw new Error("Snappy data of impossible length");
    // A copy may overlap with its source: then it repeats.
    for (let i = 0; i < size; i++, filled++) output[filled] = output[filled - offset];
  }
  if (filled !== length) throw new Error("Snappy data that end too early");
  return output;
}
