// Unpacks the pixels of a GIF's frame. Reference: Graphics Interchange Format, version 89a (CompuServe, 1990), appendix F.

import { pixelsMissing } from "./picture.ts";

const LONGEST_CODE = 12;
const TABLE_SIZE = 1 << LONGEST_CODE;

/**
 * The `count` indices of a frame.
 * @param start position of the size of the first code, which blocks of data follow.
 * @throws Error if there are fewer, or a code has no meaning.
 */
export function unpackGif(bytes: Uint8Array, start: number, count: number): Uint8Array {
  const firstSize = bytes[start];
  if (!(firstSize >= 1 && firstSize <= 11)) throw new Error(`its codes begin with ${firstSize} bits`);
  const data = joinBlocks(bytes, start + 1);
  const clear = 1 << firstSize;
  const end = clear + 1;
  /** Of each code: the code of all its indices but the last, the last one, and their number. */
  const prefix = new Uint16Array(TABLE_SIZE);
  const suffix = new Uint8Array(TABLE_SIZE);
  const lengths = new Uint16Array(TABLE_SIZE);
  for (let i = 0; i < clear; i++) [suffix[i], lengths[i]] = [i, 1];
  const out = new Uint8Array(count);
  let [size, next, previous] = [firstSize + 1, end + 1, -1];
  let [held, bits, place, written] = [0, 0, 0, 0];
  while (written < count) {
    while (bits < size) {
      if (place === data.length) throw pixelsMissing();
      held |= data[place++] << bits;
      bits += 8;
    }
    const code = held & ((1 << size) - 1);
    held >>>= size;
    bits -= size;
    if (code === end) throw pixelsMissing();
    if (code === clear) {
      [size, next, previous] = [firstSize + 1, end + 1, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0) || (code >= clear && previous < 0))
      throw new Error("its data cannot be decoded");
    const isNew = code === next;
    const known = isNew ? previous : code;
    const length = lengths[known];
    let entry = known;
    for (let i = written + length - 1; i >= written; i--, entry = prefix[entry]) {
      if (i < count) out[i] = suffix[entry];
    }
    const first = out[written];
    written += length;
    if (isNew && written < count) out[written] = first;
    if (isNew) written++;
    if (previous >= 0 && next < TABLE_SIZE) {
      prefix[next] = previous;
      suffix[next] = first;
      lengths[next] = lengths[previous] + 1;
      next++;
      if (next === 1 << size && size < LONGEST_CODE) size++;
    }
    previous = code;
  }
  return out;
}

function joinBlocks(bytes: Uint8Array, start: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let place = start;
  while (place < bytes.length && bytes[place] > 0) {
    parts.push(bytes.subarray(place + 1, place + 1 + bytes[place]));
    place += bytes[place] + 1;
  }
  return Buffer.concat(parts);
}
