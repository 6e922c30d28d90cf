// Decodes the first picture of TIFF and BigTIFF files: strips, tiles and planes of any depth. jimp's decoder gives wrong
// pixels for planes, floating-point numbers and BigTIFF. Reference: TIFF revision 6.0 (Adobe, 1992).

import type { Pixels } from "./batch.ts";
import { cmykToRgb } from "./cmyk.ts";
import { UnsupportedError, unsupported } from "./picture.ts";
import { COMPRESSION } from "./tiff-compression.ts";
import { type Directory, readDirectory, readTiffHeader, TAG } from "./tiff-directory.ts";
import { type Layout, PHOTOMETRIC, piecesOf } from "./tiff-pieces.ts";
import { type NumberKind, readSamples, toBytes } from "./tiff-samples.ts";

/** Of sample formats (tag 339): unsigned, signed, floating point. */
const KINDS: Record<number, NumberKind> = { 1: "unsigned", 2: "signed", 3: "float", 4: "unsigned" };

const ASSOCIATED_ALPHA = 1;

/** Channels beyond the colours that a picture may have, and pixels of a tile: the decoder needs memory for them. */
const MOST_SAMPLES = 16;
const MOST_PIXELS = 2 ** 27;

/** Channels that make the colour, by photometric interpretation. */
const CHANNELS: Record<number, number> = {
  [PHOTOMETRIC.whiteIsZero]: 1,
  [PHOTOMETRIC.blackIsZero]: 1,
  [PHOTOMETRIC.rgb]: 3,
  [PHOTOMETRIC.palette]: 1,
  [PHOTOMETRIC.cmyk]: 4,
  [PHOTOMETRIC.ycc]: 3,
};

/** Of photometric interpretations that are not supported. */
const COLOURS: Record<number, string> = {
  4: "a TIFF that is a mask of transparency",
  8: "a TIFF in CIE L*a*b* colours",
  9: "a TIFF in ICC L*a*b* colours",
  10: "a TIFF in ITU L*a*b* colours",
  32803: "a camera's raw file",
  32844: "a TIFF in LogL colours",
  32845: "a TIFF in LogLuv colours",
  34892: "a camera's raw file",
};

/** Decodes the picture, as stored: its orientation is not applied. More than 8 bits are reduced to the upper eight. */
export async function decodeTiff(bytes: Uint8Array): Promise<Pixels> {
  const directory = readDirectory(bytes);
  const layout = readLayout(bytes, directory);
  const { height, width, photometric, samples } = layout;
  const colours = CHANNELS[photometric];
  const isAssociated =
    photometric === PHOTOMETRIC.rgb && directory.value(TAG.extraSamples, 0) === ASSOCIATED_ALPHA;
  const channels = isAssociated && samples > colours ? colours + 1 : colours;
  if (samples < colours) throw new Error(`it has ${samples} of ${colours} channels`);
  const kind = kindOf(layout);
  const values = readSamples(kind, layout, channels);
  for await (const piece of piecesOf(bytes, layout, channels)) values.take(piece);
  const data = toBytes(values);
  return { data: toRgb(data, channels, layout), height, width };
}

function readLayout(bytes: Uint8Array, directory: Directory): Layout {
  const { value, values } = directory;
  const { height, width } = readTiffHeader(bytes);
  const compression = value(TAG.compression, COMPRESSION.none);
  const photometric = value(TAG.photometric, PHOTOMETRIC.whiteIsZero);
  if (!(photometric in CHANNELS)) {
    const what = COLOURS[photometric] ?? `a TIFF with colours of kind ${photometric}`;
    if (what.includes("raw file")) throw unsupported(what, "develop it, and save it as JPEG or PNG");
    throw unsupported(what, "save it as RGB", what.endsWith("colours") ? "are" : "is");
  }
  if (
    photometric === PHOTOMETRIC.ycc &&
    ![COMPRESSION.jpeg, COMPRESSION.oldJpeg].some((it) => it === compression)
  )
    throw unsupported("a TIFF in YCbCr colours without JPEG compression", "save it as RGB");
  if (photometric === PHOTOMETRIC.cmyk && value(TAG.inkSet, 1) !== 1)
    throw unsupported("a TIFF of inks other than CMYK", "save it as RGB");
  const samples = value(TAG.samples, 1);
  const bits = value(TAG.bits, 1);
  if (samples < 1 || samples > MOST_SAMPLES) throw new Error(`it has ${samples} channels`);
  if (values(TAG.bits).some((other) => other !== bits))
    throw unsupported("a TIFF whose channels differ in their bits", "save it with 8 bits per channel");
  const isTiled = values(TAG.tileOffsets).length > 0;
  const pieceHeight = isTiled
    ? value(TAG.tileHeight, 0)
    : Math.min(height, value(TAG.rowsPerStrip, height) || height);
  const pieceWidth = isTiled ? value(TAG.tileWidth, 0) : width;
  if (pieceHeight < 1 || pieceWidth < 1 || pieceHeight * pieceWidth > MOST_PIXELS)
    throw new Error(`its tiles are ${pieceWidth} x ${pieceHeight} pixels`);
  const isPlanar = value(TAG.planar, 1) === 2 && samples > 1;
  const size = { height, width, pieceHeight, pieceWidth, isTiled };
  return { ...size, bits, samples, isPlanar, compression, photometric, directory };
}

function kindOf({ directory, bits }: Layout): NumberKind {
  const format = directory.value(TAG.sampleFormat, 1);
  if (format === 5 || format === 6)
    throw numbersError("complex numbers", "save it with 8 or 16 bits per channel");
  const kind = KINDS[format];
  if (!kind) throw new Error(`its sample format is ${format}`);
  if (kind === "signed" && bits < 32)
    throw numbersError(`signed ${bits}-bit integers`, "save it with unsigned ones");
  const depths = kind === "float" ? [16, 32, 64] : [1, 2, 4, 8, 10, 12, 14, 16, 32];
  if (!depths.includes(bits))
    throw numbersError(
      `${kind === "float" ? "floating-point numbers" : "integers"} of ${bits} bits`,
      "save it with 8 or 16 bits per channel",
    );
  return kind;
}

function numbersError(what: string, advice: string) {
  return new UnsupportedError(`its pixels are ${what}, which are not supported: ${advice}`);
}

/** Bytes of `channels` per pixel to RGB. */
function toRgb(data: Uint8Array, channels: number, { photometric, directory, bits }: Layout): Uint8Array {
  if (photometric === PHOTOMETRIC.cmyk) return cmykToRgb(data);
  if (photometric === PHOTOMETRIC.palette) return coloured(data, directory.values(TAG.colours), bits);
  if (channels === 4) return divided(data);
  if (channels === 3) return data;
  const isInverted = photometric === PHOTOMETRIC.whiteIsZero;
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0, to = 0; i < data.length; i++) {
    const value = isInverted ? 255 - data[i] : data[i];
    rgb[to++] = value;
    rgb[to++] = value;
    rgb[to++] = value;
  }
  return rgb;
}

function coloured(indices: Uint8Array, colours: readonly number[], bits: number): Uint8Array {
  const count = 1 << bits;
  if (colours.length < 3 * count) throw new Error("its palette is missing");
  const rgb = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    for (let channel = 0; channel < 3; channel++)
      rgb[3 * i + channel] = colours[channel * count + indices[i]] >> 8;
  }
  return rgb;
}

/** RGB without the alpha by which it was multiplied, by Pillow's formula. */
function divided(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      const value = rgba[from + channel];
      rgb[to + channel] = alpha === 0 ? 0 : Math.min(255, Math.floor((255 * value) / alpha));
    }
  }
  return rgb;
}
