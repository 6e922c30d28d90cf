// Turns the filtered rows of a PNG into RGB. Reference: PNG, third edition (W3C, 2025), sections 7 to 9.

/** What the header declares. */
export interface PngShape {
  readonly height: number;
  readonly width: number;
  readonly depth: number;
  /** 0: grey, 2: RGB, 3: palette, 4: grey and alpha, 6: RGBA. */
  readonly type: number;
  readonly isInterlaced: boolean;
}

export const PALETTE = 3;

/** Values per pixel of each colour type. */
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The passes of an interlaced picture: the first pixel's column and row, and the steps to the next ones. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;
const WHOLE = [[0, 0, 1, 1]] as const;

interface Pass {
  readonly left: number;
  readonly top: number;
  readonly across: number;
  readonly down: number;
  readonly columns: number;
  readonly rows: number;
  /** Bytes of a row, without the type of its filter. */
  readonly rowSize: number;
}

function passesOf({ height, width, depth, type, isInterlaced }: PngShape): Pass[] {
  return (isInterlaced ? PASSES : WHOLE)
    .map(([left, top, across, down]) => {
      const columns = Math.ceil((width - left) / across);
      const rows = Math.ceil((height - top) / down);
      return {
        left,
        top,
        across,
        down,
        columns,
        rows,
        rowSize: Math.ceil((columns * CHANNELS[type] * depth) / 8),
      };
    })
    .filter(({ columns, rows }) => columns > 0 && rows > 0);
}

/** Bytes of all rows, each with the type of its filter. */
export function filteredSize(shape: PngShape): number {
  return passesOf(shape).reduce((sum, { rows, rowSize }) => sum + rows * (1 + rowSize), 0);
}

/**
 * The picture, [height, width, 3].
 * @param filtered `filteredSize` bytes, which are changed.
 * @param palette RGB triples, if the picture has one.
 * @throws Error if a filter or a colour does not exist.
 */
export function rgbOf(filtered: Uint8Array, shape: PngShape, palette: Uint8Array): Uint8Array {
  const { height, width, depth, type } = shape;
  const data = new Uint8Array(height * width * 3);
  const pixelSize = Math.max(1, (CHANNELS[type] * depth) / 8);
  let start = 0;
  for (const pass of passesOf(shape)) {
    const { left, top, across, down, rows, rowSize } = pass;
    for (let y = 0; y < rows; y++, start += 1 + rowSize) {
      unfilter(filtered, start, rowSize, pixelSize, y > 0);
      const to = ((top + y * down) * width + left) * 3;
      if (depth === 8 && type === 2 && across === 1)
        data.set(filtered.subarray(start + 1, start + 1 + rowSize), to);
      else copyRow(filtered, start + 1, pass.columns, shape, palette, data, to, across * 3);
    }
  }
  return data;
}

/** Undoes the filter of the row at `start`, in place; the row above is in front of it. */
function unfilter(
  bytes: Uint8Array,
  start: number,
  rowSize: number,
  pixelSize: number,
  hasAbove: boolean,
): void {
  const kind = bytes[start];
  const first = start + 1;
  const end = first + rowSize;
  const above = 1 + rowSize;
  if (kind > 4) throw new Error("its rows have an unknown filter");
  if (kind === 1 || (kind === 4 && !hasAbove)) {
    // Without a row above, Paeth's prediction is the pixel on the left.
    for (let i = first + pixelSize; i < end; i++) bytes[i] += bytes[i - pixelSize];
  } else if (kind === 2 && hasAbove) {
    for (let i = first; i < end; i++) bytes[i] += bytes[i - above];
  } else if (kind === 3) {
    for (let i = first; i < end; i++) {
      const a = i >= first + pixelSize ? bytes[i - pixelSize] : 0;
      bytes[i] += (a + (hasAbove ? bytes[i - above] : 0)) >> 1;
    }
  } else if (kind === 4) {
    for (let i = first; i < Math.min(end, first + pixelSize); i++) bytes[i] += bytes[i - above];
    for (let i = first + pixelSize; i < end; i++)
      bytes[i] += paeth(bytes[i - pixelSize], bytes[i - above], bytes[i - above - pixelSize]);
  }
}

function paeth(a: number, b: number, c: number): number {
  const fromA = Math.abs(b - c);
  const fromB = Math.abs(a - c);
  const fromC = Math.abs(a + b - 2 * c);
  if (fromA <= fromB && fromA <= fromC) return a;
  return fromB <= fromC ? b : c;
}

/** Copies the colours of a row to every `step`-th byte of `data`; of 16 bits the upper eight, without alpha. */
function copyRow(
  bytes: Uint8Array,
  from: number,
  columns: number,
  { depth, type }: PngShape,
  palette: Uint8Array,
  data: Uint8Array,
  to: number,
  step: number,
): void {
  const channels = CHANNELS[type];
  if (depth >= 8 && channels >= 3) {
    const size = depth / 8;
    for (let x = 0, i = from, j = to; x < columns; x++, i += channels * size, j += step) {
      data[j] = bytes[i];
      data[j + 1] = bytes[i + size];
      data[j + 2] = bytes[i + 2 * size];
    }
    return;
  }
  const perPixel = (channels * depth) / 8;
  const mask = (1 << Math.min(depth, 8)) - 1;
  for (let x = 0, j = to; x < columns; x++, j += step) {
    const bit = x * depth;
    const value =
      depth >= 8 ? bytes[from + x * perPixel] : (bytes[from + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    if (type === PALETTE) {
      if (3 * value >= palette.length) throw new Error("its palette lacks a colour");
      data[j] = palette[3 * value];
      data[j + 1] = palette[3 * value + 1];
      data[j + 2] = palette[3 * value + 2];
    } else {
      const level = depth >= 8 ? value : (value * 255) / mask;
      data[j] = level;
      data[j + 1] = level;
      data[j + 2] = level;
    }
  }
}
