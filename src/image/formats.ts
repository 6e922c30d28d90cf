// The picture formats that are read: how each is recognised and decoded.

import { decodeAvif, isAnimatedAvif, readAvifHeader } from "./avif.ts";
import type { Pixels } from "./batch.ts";
import { decodeBmp, isBmp, readBmpHeader } from "./bmp.ts";
import { brandsOf } from "./boxes.ts";
import { decodeGif, isAnimatedGif, readGifHeader } from "./gif.ts";
import { decodeJpeg } from "./jpeg-decoder.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { decodeJxl, isJxl, readJxlHeader } from "./jxl.ts";
import { latin1, type PictureHeader, type ReadPart } from "./picture.ts";
import { decodePng, isAnimatedPng, readPngHeader, readPngParts } from "./png.ts";
import { decodeTiff } from "./tiff.ts";
import { readTiffHeader } from "./tiff-directory.ts";
import { decodeWebp, isAnimatedWebp, readWebpHeader } from "./webp.ts";

export interface Format {
  readonly name: string;
  /** By the first 64 bytes. */
  readonly recognises: (start: Uint8Array) => boolean;
  /**
   * The size and orientation that a file declares, read before memory is allocated for its pixels.
   * @param isAll whether the bytes are those of the whole file, as they are by default.
   * @throws HeaderCutOffError if a longer part of the file is needed; Error with the reason if there is no picture.
   */
  readonly readHeader: (bytes: Uint8Array, isAll?: boolean) => PictureHeader & { readonly largest?: number };
  /** Decodes the first frame or page, as stored. @throws Error with the reason if that is not possible. */
  readonly decode: (bytes: Uint8Array) => Pixels | Promise<Pixels>;
  readonly isAnimated?: (bytes: Uint8Array) => boolean;
  /** Whether `decode` applies the orientation. */
  readonly isUpright?: boolean;
  /** The parts of a file that `readHeader` needs, if they may be anywhere in it: another file without the pixels. */
  readonly readParts?: (read: ReadPart) => Uint8Array;
}

/** Whether the bytes are those of an ISO media file of one of these brands. */
export function hasBrand(start: Uint8Array, brands: readonly string[]): boolean {
  return latin1(start, 4, 8) === "ftyp" && brandsOf(start).some((brand) => brands.includes(brand));
}

function begins(...marks: readonly string[]): (start: Uint8Array) => boolean {
  return (start) => marks.some((mark) => latin1(start, 0, mark.length) === mark);
}

const FORMATS: readonly Format[] = [
  {
    name: "PNG",
    recognises: begins("\x89PNG"),
    readHeader: readPngHeader,
    decode: decodePng,
    isAnimated: isAnimatedPng,
    readParts: readPngParts,
  },
  { name: "JPEG", recognises: begins("\xff\xd8"), readHeader: readJpegHeader, decode: decodeJpeg },
  {
    name: "WebP",
    recognises: (start) => begins("RIFF")(start) && latin1(start, 8, 12) === "WEBP",
    readHeader: readWebpHeader,
    decode: decodeWebp,
    isAnimated: isAnimatedWebp,
  },
  {
    name: "AVIF",
    recognises: (start) => hasBrand(start, ["avif", "avis"]),
    readHeader: readAvifHeader,
    decode: decodeAvif,
    isAnimated: isAnimatedAvif,
  },
  {
    name: "GIF",
    recognises: begins("GIF87a", "GIF89a"),
    readHeader: readGifHeader,
    decode: decodeGif,
    isAnimated: isAnimatedGif,
  },
  { name: "BMP", recognises: isBmp, readHeader: readBmpHeader, decode: decodeBmp },
  {
    name: "TIFF",
    // Canon's raw files begin like a TIFF.
    recognises: (start) => begins("II*\0", "MM\0*", "II+\0", "MM\0+")(start) && latin1(start, 8, 10) !== "CR",
    readHeader: readTiffHeader,
    decode: decodeTiff,
  },
  { name: "JPEG XL", recognises: isJxl, readHeader: readJxlHeader, decode: decodeJxl, isUpright: true },
];

/** The supported formats, for messages. */
export const IMAGE_FORMATS = "PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or JPEG XL";

/** The format of a file that begins with these bytes; undefined if it is not a picture of a supported format. */
export function formatOf(start: Uint8Array): Format | undefined {
  return FORMATS.find(({ recognises }) => recognises(start));
}
