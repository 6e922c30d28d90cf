// Writes baseline JPEG files, in colour (YCbCr, no channel subsampled) or greyscale, as ITU-T T.81 and JFIF 1.02 have
// them. The encoder that jimp brings knows no greyscale, and takes several times as long. The cosine transform is that
// of Arai, Agui and Nakajima (1988).

import {
  AC_CHROMINANCE,
  AC_LUMINANCE,
  DC_CHROMINANCE,
  DC_LUMINANCE,
  type HuffmanTable,
  quantizationSteps,
  ZIGZAG,
} from "./jpeg-tables.ts";

/** What the transform leaves in each row and column, to be divided out with the quantization. */
const SCALES = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];

/** The most bytes that one block of 64 coefficients takes, bytes that are stuffed included. */
const MOST_BLOCK_BYTES = 512;

/** How the blocks of a component are quantized and coded. */
interface Coding {
  /** By row and column: 1 / (step x the transform's scale). */
  readonly factors: Float64Array;
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
}

/**
 * The picture `pixels` [height, width, channels] as a JPEG file; 1 channel is grey, 3 are RGB.
 * @param quality from 1 to 100, on the scale of the Independent JPEG Group's library.
 * @throws RangeError where a side is longer than the format's 65,535 pixels.
 */
export function formatJpeg(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: 1 | 3,
  quality: number,
): Uint8Array {
  if (height > 65_535 || width > 65_535)
    throw new RangeError(`a JPEG has at most 65535 pixels a side, not ${width} x ${height}`);
  const { luminance, chrominance } = quantizationSteps(quality);
  const codings: Coding[] = [{ factors: factorsOf(luminance), dc: DC_LUMINANCE, ac: AC_LUMINANCE }];
  if (channels === 3) {
    const coding = { factors: factorsOf(chrominance), dc: DC_CHROMINANCE, ac: AC_CHROMINANCE };
    codings.push(coding, coding);
  }
  const blocks = codings.map(() => new Float64Array(64));
  const previous = codings.map(() => 0);
  const writer = new BitWriter();
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width; x += 8) {
      if (channels === 1) takeGrey(pixels, height, width, y, x, blocks[0]);
      else takeColour(pixels, height, width, y, x, blocks);
      for (let i = 0; i < codings.length; i++) {
        transform(blocks[i]);
        previous[i] = writer.writeBlock(blocks[i], codings[i], previous[i]);
      }
    }
  }
  return Buffer.concat([headers(height, width, channels, luminance, chrominance), writer.finish()]);
}

function factorsOf(steps: Uint8Array): Float64Array {
  return Float64Array.from(steps, (step, i) => 1 / (step * SCALES[i >> 3] * SCALES[i & 7] * 8));
}

/** The block at (y, x), less 128; beyond the picture its last row and column are repeated. */
function takeGrey(
  pixels: Uint8Array,
  height: number,
  width: number,
  y: number,
  x: number,
  block: Float64Array,
): void {
  for (let i = 0; i < 64; i++) {
    const row = Math.min(y + (i >> 3), height - 1);
    block[i] = pixels[row * width + Math.min(x + (i & 7), width - 1)] - 128;
  }
}

/** As `takeGrey`, in Y, Cb and Cr by the weights of JFIF (ITU-R BT.601, full range). */
function takeColour(
  pixels: Uint8Array,
  height: number,
  width: number,
  y: number,
  x: number,
  [luma, blueness, redness]: readonly Float64Array[],
): void {
  for (let i = 0; i < 64; i++) {
    const row = Math.min(y + (i >> 3), height - 1);
    const place = (row * width + Math.min(x + (i & 7), width - 1)) * 3;
    const red = pixels[place];
    const green = pixels[place + 1];
    const blue = pixels[place + 2];
    luma[i] = 0.299 * red + 0.587 * green + 0.114 * blue - 128;
    blueness[i] = -0.168735892 * red - 0.331264108 * green + 0.5 * blue;
    redness[i] = 0.5 * red - 0.418687589 * green - 0.081312411 * blue;
  }
}

/** The cosine transform of a block, in place, scaled by 8 x SCALES[row] x SCALES[column]. */
function transform(block: Float64Array): void {
  for (let row = 0; row < 64; row += 8) transformEight(block, row, 1);
  for (let column = 0; column < 8; column++) transformEight(block, column, 8);
}

function transformEight(block: Float64Array, start: number, step: number): void {
  const [i1, i2, i3] = [start + step, start + 2 * step, start + 3 * step];
  const [i4, i5, i6, i7] = [start + 4 * step, start + 5 * step, start + 6 * step, start + 7 * step];
  const sum07 = block[start] + block[i7];
  const sum16 = block[i1] + block[i6];
  const sum25 = block[i2] + block[i5];
  const sum34 = block[i3] + block[i4];
  const difference07 = block[start] - block[i7];
  const difference16 = block[i1] - block[i6];
  const difference25 = block[i2] - block[i5];
  const difference34 = block[i3] - block[i4];

  const even0 = sum07 + sum34;
  const even1 = sum16 + sum25;
  const even3 = sum07 - sum34;
  const turned = (sum16 - sum25 + even3) * Math.SQRT1_2;
  block[start] = even0 + even1;
  block[i4] = even0 - even1;
  block[i2] = even3 + turned;
  block[i6] = even3 - turned;

  const odd0 = difference34 + difference25;
  const odd1 = (difference25 + difference16) * Math.SQRT1_2;
  const odd2 = difference16 + difference07;
  const shared = (odd0 - odd2) * 0.382683433;
  const low = 0.5411961 * odd0 + shared;
  const high = 1.306562965 * odd2 + shared;
  const near = difference07 + odd1;
  const far = difference07 - odd1;
  block[i5] = far + low;
  block[i3] = far - low;
  block[i1] = near + high;
  block[i7] = near - high;
}

/** The entropy-coded part of a file. */
class BitWriter {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  /** Bits that wait for their byte, and how many: fewer than 8 between calls. */
  #bits = 0;
  #count = 0;

  /** Writes a transformed block and returns its DC coefficient, from which the next block's is counted. */
  writeBlock(block: Float64Array, { factors, dc, ac }: Coding, previous: number): number {
    if (this.#bytes.length - this.#length < MOST_BLOCK_BYTES) {
      const longer = Buffer.allocUnsafe(2 * this.#bytes.length);
      this.#bytes.copy(longer, 0, 0, this.#length);
      this.#bytes = longer;
    }
    const first = Math.round(block[0] * factors[0]);
    this.#writeValue(first - previous, 0, dc);
    let zeros = 0;
    for (let k = 1; k < 64; k++) {
      const place = ZIGZAG[k];
      const value = Math.round(block[place] * factors[place]);
      if (value === 0) {
        zeros++;
        continue;
      }
      for (; zeros > 15; zeros -= 16) this.#write(ac.codes[0xf0], ac.lengths[0xf0]);
      this.#writeValue(value, zeros, ac);
      zeros = 0;
    }
    if (zeros > 0) this.#write(ac.codes[0], ac.lengths[0]);
    return first;
  }

  /** The bytes, the last one filled with ones, and the marker of the end. */
  finish(): Uint8Array {
    if (this.#count > 0) this.#write(0x7f, 7);
    return Buffer.concat([this.#bytes.subarray(0, this.#length), Uint8Array.of(0xff, 0xd9)]);
  }

  /** The code of (zeros before it, length of the value), then the value; a negative one counts from below. */
  #writeValue(value: number, zeros: number, { codes, lengths }: HuffmanTable): void {
    const length = 32 - Math.clz32(Math.abs(value));
    const symbol = (zeros << 4) | length;
    this.#write(codes[symbol], lengths[symbol]);
    if (length > 0) this.#write(value < 0 ? value + (1 << length) - 1 : value, length);
  }

  /** The `count` lowest bits, at most 16. */
  #write(bits: number, count: number): void {
    this.#bits = (this.#bits << count) | bits;
    this.#count += count;
    while (this.#count >= 8) {
      this.#count -= 8;
      const byte = (this.#bits >> this.#count) & 255;
      this.#bytes[this.#length++] = byte;
      // After 255 a zero tells that it is no marker.
      if (byte === 255) this.#bytes[this.#length++] = 0;
    }
    this.#bits &= (1 << this.#count) - 1;
  }
}

/** All segments up to the entropy-coded part. */
function headers(
  height: number,
  width: number,
  channels: 1 | 3,
  luminance: Uint8Array,
  chrominance: Uint8Array,
): Uint8Array {
  const inColour = channels === 3;
  const components = inColour ? [1, 2, 3] : [1];
  const table = (target: number, { counts, values }: HuffmanTable) => [target, ...counts, ...values];
  const steps = (target: number, rows: Uint8Array) => [target, ...Array.from(ZIGZAG, (place) => rows[place])];
  return Uint8Array.from([
    ...[0xff, 0xd8],
    // JFIF 1.1, square pixels, no thumbnail.
    ...segment(0xe0, [...Buffer.from("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...segment(0xdb, [...steps(0, luminance), ...(inColour ? steps(1, chrominance) : [])]),
    ...segment(0xc0, [
      8,
      ...twoBytes(height),
      ...twoBytes(width),
      channels,
      ...components.flatMap((id) => [id, 0x11, id > 1 ? 1 : 0]),
    ]),
    ...segment(0xc4, [
      ...table(0x00, DC_LUMINANCE),
      ...table(0x10, AC_LUMINANCE),
      ...(inColour ? [...table(0x01, DC_CHROMINANCE), ...table(0x11, AC_CHROMINANCE)] : []),
    ]),
    ...segment(0xda, [channels, ...components.flatMap((id) => [id, id > 1 ? 0x11 : 0]), 0, 63, 0]),
  ]);
}

function segment(marker: number, content: readonly number[]): number[] {
  return [0xff, marker, ...twoBytes(content.length + 2), ...content];
}

function twoBytes(value: number): [number, number] {
  return [value >> 8, value & 255];
}
