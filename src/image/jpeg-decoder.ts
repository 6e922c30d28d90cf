// Decodes JPEG files by MozJPEG, which @jsquash/jpeg brings as WebAssembly: its pixels are those of libjpeg, thus
// those of Pillow, in a sixth of the time that jimp's decoder takes. That one reads the few kinds that MozJPEG does not.
//
// The library takes an error as the end of the process, and otherwise prints a warning and returns what it has. Here
// nothing is printed: a warning is an error if data of the picture may be lost. It reports its first warning alone.

import { Instance, Module, readAsset } from "../common/assets.ts";
import { messageOf } from "../common/errors.ts";
import { decodeByJimp, type RgbaPixels } from "./jimp.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg-header.ts";

/** What is used of the WebAssembly module. */
interface Decoder {
  /** If `turned`, as the EXIF orientation says. */
  readonly decode: (file: Uint8Array, turned: boolean) => RgbaPixels;
  /** Its whole memory. */
  readonly HEAPU8: Uint8Array;
}

type CreateDecoder = (options: object) => Promise<Decoder>;

/** A decoder with more memory than this, in bytes, is not used again: it cannot give any back. */
const LARGEST_MEMORY = 256 * 2 ** 20;

/** Warnings about a header that does not matter to the pixels. Behind one of them a second warning would be hidden. */
const HEADER_WARNING = /^Warning: unknown JFIF revision number|^Unknown Adobe color transform code/;

/** Bytes that remain after the last pixel and before the end marker. */
const REMAINDER = /^Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9$/;

/** Some cameras fill a file up to a multiple of 4, 8 or 16 bytes. */
const LONGEST_PADDING = 16;

const END_MARKER = Buffer.from([0xff, 0xd9]);

let wasm: object | undefined;
let decoder: Decoder | undefined;
/** What the library has said about the current file. */
const messages: string[] = [];

/**
 * The picture of a JPEG file, turned according to its EXIF orientation.
 * @throws Error with the reason if the file is damaged, truncated or of an unsupported kind.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<RgbaPixels> {
  const header = readJpegHeader(bytes);
  // CMYK; and the malformed metadata of some phones, which MozJPEG would report as damage.
  if (header.components > 3 || !header.wellFormed) return decodeByJimp(bytes, "jpeg");
  while (!decoder) decoder = await createDecoder();
  const picture = decodeBy(decoder, bytes);
  const [warning] = messages;
  if (warning === undefined || isPadded(warning, bytes, header)) return picture;
  if (HEADER_WARNING.test(warning)) return decodeByJimp(bytes, "jpeg");
  throw new Error(warning);
}

async function createDecoder(): Promise<Decoder> {
  const { default: create } = await import("@jsquash/jpeg/codec/dec/mozjpeg_dec.js");
  wasm ??= new Module(readAsset("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"));
  const module = wasm;
  return (create as unknown as CreateDecoder)({
    noInitialRun: true,
    instantiateWasm: (imports: object, use: (instance: object) => void) => {
      const instance = new Instance(module, imports);
      use(instance);
      return instance.exports;
    },
    print: (line: string) => messages.push(line),
    printErr: (line: string) => messages.push(line),
  });
}

/** The picture; `messages` are then those about this file. */
function decodeBy(current: Decoder, bytes: Uint8Array): RgbaPixels {
  messages.length = 0;
  try {
    const picture = current.decode(bytes, true);
    if (current.HEAPU8.length > LARGEST_MEMORY) decoder = undefined;
    return picture;
  } catch (error) {
    // It has not given back what it held.
    decoder = undefined;
    throw new Error(messages.at(-1) ?? messageOf(error));
  }
}

/** Whether the warning is about nothing but padding: a few bytes of one value. */
function isPadded(warning: string, bytes: Uint8Array, header: JpegHeader): boolean {
  const count = Number(REMAINDER.exec(warning)?.[1] ?? Number.POSITIVE_INFINITY);
  if (count > LONGEST_PADDING) return false;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // No data of a scan contain this marker, nor do its tables; metadata and thumbnails come before.
  const end = file.indexOf(END_MARKER, header.end);
  return file.subarray(end - count, end).every((value) => value === file[end - 1]);
}
