// Detects animated GIFs. Reference: Graphics Interchange Format, version 89a (CompuServe, 1990).

const EXTENSION = 0x21;
const PICTURE = 0x2c;

/** Whether a GIF file contains more than one picture. In a damaged file, those before the damage count. */
export function isAnimatedGif(bytes: Uint8Array): boolean {
  let pictures = 0;
  let place = 13 + colourTableSize(bytes[10]);
  while (place < bytes.length) {
    const kind = bytes[place];
    if (kind === PICTURE) {
      if (++pictures > 1) return true;
      // Skips its position and size, its own colours, and the size of the first code.
      place = skipBlocks(bytes, place + 10 + colourTableSize(bytes[place + 9]) + 1);
    } else if (kind === EXTENSION) {
      place = skipBlocks(bytes, place + 2);
    } else {
      return false;
    }
  }
  return false;
}

/** Size in bytes of the table that a header's flags announce. */
function colourTableSize(flags: number): number {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** The position after a list of blocks, each preceded by its length; a block of length 0 ends the list. */
function skipBlocks(bytes: Uint8Array, start: number): number {
  let place = start;
  while (place < bytes.length && bytes[place] > 0) place += bytes[place] + 1;
  return place + 1;
}
