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
  const out = new Uint8Array(count);
  /** Of each code: the position of its first index in `out`, and the number of its indices. */
  const starts = new Uint32Array(TABLE_SIZE);
  const lengths = new Uint32Array(TABLE_SIZE);
  let [size, next, previous] = [firstSize + 1, end + 1, -1];
  let [held, bits, place, written] = [0, 0, 0, 0];
  let [previousStart, previousLength] = [0, 0];
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
      size = firstSize + 1;
      next = end + 1;
      previous = -1;
      continue;
    }
    const start = written;
    if (code < clear) {
      out[written++] = code;
    } else {
      if (previous < 0 || code > next) throw new Error("its data cannot be decoded");
      const isNew = code === next;
      const from = isNew ? previousStart : starts[code];
      // A new code is the previous one and its first index again, which the copy has written by then.
      const stop = Math.min(count, written + (isNew ? previousLength + 1 : lengths[code]));
      for (let i = from; written < stop; i++) out[written++] = out[i];
    }
    if (previous >= 0 && next < TABLE_SIZE) {
      // The indices of the previous code and the first of this one follow each other.
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
      if (next === 1 << size && size < LONGEST_CODE) size++;
    }
    previous = code;
    previousStart = start;
    previousLength = written - start;
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
