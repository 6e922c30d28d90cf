// Decodes the strips or tiles of a TIFF's first picture to samples.

import { decodeInks } from "./jpeg-cmyk.ts";
import { decodeJpeg } from "./jpeg-decoder.ts";
import { MARKER, readJpegHeader, segmentsOf } from "./jpeg-header.ts";
import { pixelsMissing } from "./picture.ts";
import { COMPRESSION, unpack } from "./tiff-compression.ts";
import { type Directory, TAG } from "./tiff-directory.ts";
import { unpackFax } from "./tiff-fax.ts";
import { undoPredictor } from "./tiff-predictor.ts";
import { decodeWebp } from "./webp.ts";

export const PHOTOMETRIC = {
  whiteIsZero: 0,
  blackIsZero: 1,
  rgb: 2,
  palette: 3,
  cmyk: 5,
  ycc: 6,
} as const;

/** How the samples of a picture are stored. */
export interface Layout {
  readonly height: number;
  readonly width: number;
  /** Bits of each sample, and samples of each pixel. */
  readonly bits: number;
  readonly samples: number;
  readonly isPlanar: boolean;
  /** Size of a strip or tile in pixels; the last strip may have fewer rows. */
  readonly pieceHeight: number;
  readonly pieceWidth: number;
  readonly isTiled: boolean;
  readonly compression: number;
  readonly photometric: number;
  readonly directory: Directory;
}

/** The samples of one strip or tile, row by row. */
export interface Piece {
  /** Its place in the picture. */
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** Samples of each pixel: all, or one plane's. */
  readonly samples: number;
  /** The first of these. */
  readonly channel: number;
  /** `bits` per sample, rows padded to whole bytes; or 8 bits, whatever the layout says. */
  readonly data: Uint8Array;
  readonly bits: number;
}

/** Decodes the pieces that contain the first `channels` samples of each pixel. */
export async function* piecesOf(bytes: Uint8Array, layout: Layout, channels: number): AsyncGenerator<Piece> {
  const { directory, height, width, samples, isPlanar, pieceHeight, pieceWidth, isTiled } = layout;
  const offsets = directory.values(isTiled ? TAG.tileOffsets : TAG.stripOffsets);
  const lengths = directory.values(isTiled ? TAG.tileBytes : TAG.stripBytes);
  const across = Math.ceil(width / pieceWidth);
  const down = Math.ceil(height / pieceHeight);
  const planes = isPlanar ? Math.min(channels, samples) : 1;
  if (offsets.length < across * down * planes) throw pixelsMissing();
  for (let i = 0; i < across * down * planes; i++) {
    const [plane, place] = [Math.floor(i / (across * down)), i % (across * down)];
    const top = Math.floor(place / across) * pieceHeight;
    const shape = {
      top,
      left: (place % across) * pieceWidth,
      height: isTiled ? pieceHeight : Math.min(pieceHeight, height - top),
      width: pieceWidth,
      samples: isPlanar ? 1 : samples,
      channel: plane,
    };
    const length = lengths[i] ?? bytes.length - offsets[i];
    if (offsets[i] + length > bytes.length) throw pixelsMissing();
    yield {
      ...shape,
      ...(await decodePiece(bytes.subarray(offsets[i], offsets[i] + length), shape, layout)),
    };
  }
}

type Shape = Pick<Piece, "height" | "width" | "samples">;
type Samples = Pick<Piece, "data" | "bits"> & Partial<Shape>;

async function decodePiece(packed: Uint8Array, shape: Shape, layout: Layout): Promise<Samples> {
  const { compression, directory, bits } = layout;
  const { huffman, group3, group4, jpeg, webp } = COMPRESSION;
  if (compression === jpeg) return decodeJpegPiece(packed, shape, layout);
  if (compression === webp) {
    const { data, height, width } = await decodeWebp(packed);
    return checked({ data, bits: 8, height, width, samples: 3 }, shape);
  }
  const isReversed = directory.value(TAG.fillOrder, 1) === 2;
  if (compression === huffman || compression === group3 || compression === group4)
    return { data: faxPixels(isReversed ? reversed(packed) : packed, shape, layout), bits: 8 };
  const rowSize = Math.ceil((shape.width * shape.samples * bits) / 8);
  const isPacked = compression !== COMPRESSION.none;
  const content = isReversed && bits <= 8 ? reversed(packed) : packed;
  const unpacked = unpack(content, compression, rowSize * shape.height);
  const predictor = directory.value(TAG.predictor, 1);
  const data = isPacked && predictor > 1 ? undoPredictor(unpacked, predictor, shape, layout) : unpacked;
  return { data, bits };
}

/** A piece may be higher than needed, but must have its width. */
function checked(samples: Samples & Shape, shape: Shape): Samples {
  if (samples.width !== shape.width || samples.height < shape.height || samples.samples < shape.samples)
    throw new Error("its parts differ in size from what it declares");
  return samples;
}

/** Bits in the opposite order: that of fill order 2. */
function reversed(bytes: Uint8Array): Uint8Array {
  const table = Uint8Array.from({ length: 256 }, (_, byte) => {
    let value = 0;
    for (let i = 0; i < 8; i++) value |= ((byte >> i) & 1) << (7 - i);
    return value;
  });
  return bytes.map((byte) => table[byte]);
}

async function decodeJpegPiece(packed: Uint8Array, shape: Shape, layout: Layout): Promise<Samples> {
  const file = completeJpeg(packed, layout);
  const { components, height, width } = readJpegHeader(file);
  if (height * width > shape.height * shape.width * 4)
    throw new Error("its parts are larger than it declares");
  if (components !== shape.samples) throw new Error("its parts differ in colours from what it declares");
  if (components === 4)
    return checked({ data: decodeInks(file).data, bits: 8, height, width, samples: 4 }, shape);
  const { data } = await decodeJpeg(file);
  const samples = components === 1 ? data.filter((_, i) => i % 3 === 0) : data;
  return checked({ data: samples, bits: 8, height, width, samples: components }, shape);
}

/** The JPEG file of a piece: with the tables that all share, and a marker for the colours that the TIFF declares. */
function completeJpeg(packed: Uint8Array, { directory, photometric, samples }: Layout): Buffer {
  const tables = Uint8Array.from(directory.values(TAG.jpegTables));
  const parts: Uint8Array[] = [Uint8Array.of(0xff, MARKER.start)];
  if (samples >= 3) {
    const transform = photometric === PHOTOMETRIC.ycc ? 1 : 0;
    parts.push(
      Buffer.from([0xff, MARKER.adobe, 0, 14, ...Buffer.from("Adobe"), 0, 100, 0, 0, 0, 0, transform]),
    );
  }
  for (const bytes of tables.length > 0 ? [tables, packed] : [packed]) {
    for (const { marker, start, end } of segmentsOf(bytes)) {
      if (marker === MARKER.end) break;
      if (marker >= MARKER.jfif) continue;
      parts.push(marker === MARKER.scan ? bytes.subarray(start) : bytes.subarray(start, end));
      if (marker === MARKER.scan) break;
    }
  }
  return Buffer.concat(parts);
}

function faxPixels(packed: Uint8Array, { height, width, samples }: Shape, layout: Layout): Uint8Array {
  if (samples !== 1 || layout.bits !== 1) throw new Error("its fax compression is not of black and white");
  return unpackFax(packed, height, width, layout.compression, layout.directory.value(TAG.faxOptions, 0));
}
