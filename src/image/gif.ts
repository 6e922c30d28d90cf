// How many pictures a GIF holds. Reference: Graphics Interchange Format, version 89a (CompuServe, 1990).

const EXTENSION = 0x21;
const PICTURE = 0x2c;

/** Whether a GIF file holds more than one picture. A damaged one holds what comes before the damage. */
export function isAnimatedGif(bytes: Uint8Array): boolean {
  let pictures = 0;
  let place = 13 + colourTableSize(bytes[10]);
  while (place < bytes.length) {
    const kind = bytes[place];
    if (kind === PICTURE) {
      if (++pictures > 1) return true;
      // Its place and size, its own colours, and the first code's size.
      place = skipBlocks(bytes, place + 10 + colourTableSize(bytes[place + 9]) + 1);
    } else if (kind === EXTENSION) {
      place = skipBlocks(bytes, place + 2);
    } else {
      return false;
    }
  }
  return false;
}

/** Bytes of a table that the flags of a header announce. */
function colourTableSize(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** The place after a list of blocks, each with its length before it, that one of length 0 ends. */
function skipBlocks(bytes: Uint8Array, start: number): number {
  let place = start;
  while (place < bytes.length && bytes[place] > 0) place += bytes[place] + 1;
  return place + 1;
}
