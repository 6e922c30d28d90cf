// Names the kinds of files that are not read, by their first bytes, with what to do about them.

import { hasBrand, IMAGE_FORMATS } from "./formats.ts";
import { latin1 } from "./picture.ts";

/** The first bytes of a file by which its kind is recognised. */
export const KIND_BYTES = 512;

const AS_PICTURE = "save it as PNG or JPEG";
const DEVELOP = "develop it, and save it as JPEG or PNG";
const REMOVE = "remove it, or replace it by the picture";

interface Kind {
  readonly what: string;
  readonly matches: (start: Uint8Array) => boolean;
}

function kind(what: string, ...marks: readonly string[]): Kind {
  return { what, matches: (start) => marks.some((mark) => latin1(start, 0, mark.length) === mark) };
}

function at(what: string, place: number, mark: string): Kind {
  return { what, matches: (start) => latin1(start, place, place + mark.length) === mark };
}

function media(what: string, ...brands: readonly string[]): Kind {
  return { what, matches: (start) => hasBrand(start, brands) };
}

const PICTURES: readonly Kind[] = [
  media("a HEIC picture", "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"),
  kind("a JPEG 2000 picture", "\0\0\0\x0cjP  ", "\xff\x4f\xff\x51"),
  { what: "a Windows icon", matches: isIcon },
  kind("an Apple icon", "icns"),
  kind("a Photoshop document", "8BPS"),
  { what: "a PNM picture (PPM, PGM or PBM)", matches: (start) => /^P[1-7]\s/.test(latin1(start, 0, 3)) },
  kind("a DDS texture", "DDS "),
  kind("a QOI picture", "qoif"),
  kind("an SGI picture", "\x01\xda"),
  kind("a PCX picture", "\x0a\x05\x01", "\x0a\x03\x01", "\x0a\x02\x01"),
  kind("an OpenEXR picture", "\x76\x2f\x31\x01"),
  kind("a Radiance HDR picture", "#?RADIANCE", "#?RGBE"),
  {
    what: "an SVG drawing",
    matches: (start) => /^\s*(<\?xml[^>]*>\s*)?(<!--[^>]*-->\s*)*<svg/i.test(textOf(start)),
  },
  kind("a PDF document", "%PDF"),
  kind("a PostScript document", "%!PS"),
  kind("a FITS file", "SIMPLE  ="),
  at("a DICOM file", 128, "DICM"),
  kind("a video", "\x1a\x45\xdf\xa3"),
  at("a video", 8, "AVI "),
  { what: "a TGA picture", matches: isTga },
];

const RAW_FILES: readonly Kind[] = [
  at("a camera's raw file (CR2)", 8, "CR\x02"),
  media("a camera's raw file (CR3)", "crx "),
  kind("a camera's raw file (ORF)", "IIRO", "IIRS", "MMOR"),
  kind("a camera's raw file (RAF)", "FUJIFILMCCD-RAW"),
  kind("a camera's raw file (RW2)", "IIU\0"),
];

/** Any other ISO media file. */
const VIDEO: Kind = at("a video", 4, "ftyp");

const OTHERS: readonly Kind[] = [
  { what: "a web page (HTML)", matches: (start) => /^\s*<(!doctype html|html|head)/i.test(textOf(start)) },
  kind("a pointer of Git LFS (fetch its content: git lfs pull)", "version https://git-lfs"),
  kind("a compressed file (gzip)", "\x1f\x8b"),
  kind("an archive (ZIP)", "PK\x03\x04"),
  kind("a NumPy array", "\x93NUMPY"),
  kind("an HDF5 file", "\x89HDF"),
  { what: "a file of zeros (the copy of it failed)", matches: (start) => start.every((byte) => byte === 0) },
  { what: "text", matches: isText },
];

/** It has a number of pictures, which a TGA picture that begins like a cursor has not. */
function isIcon(start: Uint8Array): boolean {
  const [reserved, alsoReserved, type, upperType, count, upperCount] = start;
  const isOneKind = type === 1 || type === 2;
  return reserved + alsoReserved + upperType === 0 && isOneKind && count + upperCount > 0;
}

/** By the fields of its header, since it begins with no mark: of colours, type, size and depth. */
function isTga(start: Uint8Array): boolean {
  const [, map, type] = start;
  const hasSize = start[12] + start[13] > 0 && start[14] + start[15] > 0;
  return (
    map <= 1 && [1, 2, 3, 9, 10, 11].includes(type) && hasSize && [8, 15, 16, 24, 32].includes(start[16])
  );
}

function textOf(start: Uint8Array): string {
  return Buffer.from(start)
    .toString("utf8")
    .replace(/^\ufeff/, "");
}

function isText(start: Uint8Array): boolean {
  // The last letter may be cut off.
  const text = textOf(start).replace(/\ufffd$/, "");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no text has
  return text.length > 0 && !/[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]/.test(text);
}

/**
 * What a file is that begins with these bytes and is not of a supported format, and what to do about it.
 * @param start up to `KIND_BYTES` of the file.
 * @param isExpected whether the file should be a picture, by its name.
 */
export function describeKind(start: Uint8Array, isExpected = true): string {
  if (start.length === 0) return "the file is empty";
  const find = (kinds: readonly Kind[]) => kinds.find(({ matches }) => matches(start))?.what;
  const raw = find(RAW_FILES);
  if (raw) return `it is ${raw}, which is not supported: ${DEVELOP}`;
  const picture = find([...PICTURES, VIDEO]);
  if (picture) return `it is ${picture}, which is not supported: ${AS_PICTURE}`;
  const other = find(OTHERS);
  if (other) return `it is ${other}, not a picture${isExpected ? `: ${REMOVE}` : ""}`;
  return `it is not a ${IMAGE_FORMATS} picture`;
}
