// Decodes JPEG files with MozJPEG, compiled to WebAssembly in @jsquash/jpeg. It gives the same pixels as libjpeg, and thus
// as Pillow. Only pictures of four components, which it does not convert to RGB, are decoded by our own code.
//
// On damage the library prints a warning and returns what it has. Here a warning is an error if part of the picture may be
// lost. The library only reports its first warning.

import type { Pixels } from "./batch.ts";
import { decodeFourComponents } from "./jpeg-cmyk.ts";
import { checkScans, type JpegHeader, MARKER, readJpegHeader, segmentsOf } from "./jpeg-header.ts";
import { latin1, pixelsMissing, type RgbaPixels } from "./picture.ts";
import { withoutAlpha } from "./rgba.ts";
import { WasmDecoder } from "./wasm-decoder.ts";

/** Warnings about headers that do not affect the pixels. A second warning would be hidden behind one of them. */
const HEADER_WARNING = /^Warning: unknown JFIF revision number|^Unknown Adobe color transform code/;

/** Bytes that remain after the last pixel and before the end marker. */
const REMAINDER = /^Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9$/;

/** Some cameras pad a file to a multiple of 4, 8 or 16 bytes. */
const LONGEST_PADDING = 16;

const END_MARKER = Buffer.from([0xff, MARKER.end]);

const decoder = new WasmDecoder(
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  () => import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js"),
);

/**
 * Decodes a JPEG file, as stored: its orientation is not applied.
 * @throws Error with the reason if the file is damaged, truncated or of an unsupported kind.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<Pixels> {
  const header = readJpegHeader(bytes);
  // A block of 8 x 8 pixels takes at least one bit: decoders would need the memory of pixels that cannot be there.
  if (Math.ceil(header.height / 8) * Math.ceil(header.width / 8) > 8 * bytes.length) throw pixelsMissing();
  if (header.hasScans) checkScans(bytes, header);
  if (header.components > 3) return decodeFourComponents(bytes);
  // MozJPEG would report the malformed metadata of some phones as damage.
  if (!header.wellFormed) return decodeJpeg(withoutMetadata(bytes));
  const { picture, messages } = await decoder.decode(bytes, false);
  const [warning] = messages;
  if (warning === undefined || isPadded(warning, bytes, header)) return rgbOf(picture);
  if (HEADER_WARNING.test(warning)) {
    const repaired = withoutMetadata(bytes);
    if (!repaired.equals(bytes)) return decodeJpeg(repaired);
  }
  throw new Error(warning);
}

function rgbOf(picture: RgbaPixels): Pixels {
  return { data: withoutAlpha(picture), height: picture.height, width: picture.width };
}

/**
 * The file with only the segments that define the pixels. Revisions of JFIF and colour transforms that are not known become
 * those that decoders assume.
 */
function withoutMetadata(bytes: Uint8Array): Buffer {
  const parts: Uint8Array[] = [bytes.subarray(0, 2)];
  for (const { marker, start, place, end } of segmentsOf(bytes)) {
    const segment = Uint8Array.from(bytes.subarray(start, end));
    if (marker === MARKER.scan) {
      parts.push(bytes.subarray(start));
      break;
    }
    const isMetadata = marker >= MARKER.jfif;
    const name = latin1(bytes, place, place + 5);
    if (marker === MARKER.jfif && name === "JFIF\0" && segment.length > 10) segment.set([1, 1], 4 + 5);
    else if (marker === MARKER.adobe && name === "Adobe" && segment.length > 15)
      segment[4 + 11] = Math.min(segment[4 + 11], 1);
    else if (isMetadata || end === place) continue;
    parts.push(segment);
  }
  return Buffer.concat(parts);
}

/** Whether the warning is only about padding: a few bytes of one value. */
function isPadded(warning: string, bytes: Uint8Array, header: JpegHeader): boolean {
  const count = Number(REMAINDER.exec(warning)?.[1] ?? Number.POSITIVE_INFINITY);
  if (count > LONGEST_PADDING) return false;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Neither scan data nor tables contain this marker; metadata and thumbnails come earlier.
  const end = file.indexOf(END_MARKER, header.end);
  return file.subarray(end - count, end).every((value) => value === file[end - 1]);
}
