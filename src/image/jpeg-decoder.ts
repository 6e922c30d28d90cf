// Decodes JPEG files with MozJPEG, compiled to WebAssembly in @jsquash/jpeg. It gives the same pixels as libjpeg, and thus
// as Pillow, in a sixth of the time of jimp's decoder, which reads the few kinds that MozJPEG does not support.
//
// On an error the library tries to end the process; on damage it prints a warning and returns what it has. Here nothing is
// printed, and a warning is an error if part of the picture may be lost. The library only reports its first warning.

import { Instance, Module, readAsset } from "../common/assets.ts";
import { messageOf } from "../common/errors.ts";
import { decodeByJimp, type RgbaPixels } from "./jimp.ts";
import { type JpegHeader, readJpegHeader } from "./jpeg-header.ts";

/** The part of the WebAssembly module that we use. */
interface Decoder {
  /** If `rotate`, the picture is rotated according to its EXIF orientation. */
  readonly decode: (file: Uint8Array, rotate: boolean) => RgbaPixels;
  /** Its whole memory. */
  readonly HEAPU8: Uint8Array;
}

type CreateDecoder = (options: object) => Promise<Decoder>;

/** A decoder with more memory than this, in bytes, is replaced, because it cannot release memory. */
const LARGEST_MEMORY = 256 * 2 ** 20;

/** Warnings about headers that do not affect the pixels. A second warning would be hidden behind one of them. */
const HEADER_WARNING = /^Warning: unknown JFIF revision number|^Unknown Adobe color transform code/;

/** Bytes that remain after the last pixel and before the end marker. */
const REMAINDER = /^Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9$/;

/** Some cameras pad a file to a multiple of 4, 8 or 16 bytes. */
const LONGEST_PADDING = 16;

const END_MARKER = Buffer.from([0xff, 0xd9]);

let wasm: object | undefined;
let decoder: Decoder | undefined;
/** The library's messages about the current file. */
const messages: string[] = [];

/**
 * Decodes a JPEG file and rotates the picture according to its EXIF orientation.
 * @throws Error with the reason if the file is damaged, truncated or of an unsupported kind.
 */
export async function decodeJpeg(bytes: Uint8Array): Promise<RgbaPixels> {
  const header = readJpegHeader(bytes);
  // CMYK, and malformed metadata of some phones, which MozJPEG would report as damage.
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

/** Decodes the file; afterwards `messages` has the warnings about it. */
function decodeBy(current: Decoder, bytes: Uint8Array): RgbaPixels {
  messages.length = 0;
  try {
    const picture = current.decode(bytes, true);
    if (current.HEAPU8.length > LARGEST_MEMORY) decoder = undefined;
    return picture;
  } catch (error) {
    // It has not released its memory.
    decoder = undefined;
    throw new Error(messages.at(-1) ?? messageOf(error));
  }
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
