// Which files are pictures. The name only decides whether a file must be opened to find out.

import { extname } from "node:path";
import { systemReason } from "../common/errors.ts";
import { readBeginning } from "../common/ordinary-files.ts";
import { systemPath } from "../common/path-bytes.ts";
import { formatOf } from "./formats.ts";
import { describeKind, KIND_BYTES } from "./kinds.ts";

/** File name extensions of the formats that are read. */
const EXTENSIONS_OF: Readonly<Record<string, readonly string[]>> = {
  PNG: [".png"],
  JPEG: [".jpg", ".jpeg", ".jpe", ".jfif"],
  WebP: [".webp"],
  AVIF: [".avif"],
  GIF: [".gif"],
  BMP: [".bmp", ".dib"],
  TIFF: [".tif", ".tiff"],
  "JPEG XL": [".jxl"],
};

const EXTENSIONS: ReadonlySet<string> = new Set(Object.values(EXTENSIONS_OF).flat());

/** Whether a file's name is that of a picture; a name without an extension may be one. */
export function isPictureName(name: string): boolean {
  const extension = extname(name).toLowerCase();
  return extension === "" || EXTENSIONS.has(extension);
}

/** Whether a name has an extension of the format of these bytes. */
export function isNamedAs(name: string, bytes: Uint8Array): boolean {
  return EXTENSIONS_OF[formatOf(bytes)?.name ?? ""]?.includes(extname(name).toLowerCase()) ?? false;
}

/**
 * The reason why a file is not read as a picture; undefined if it may be one. A file with the name of a picture is not opened:
 * the decoder will do so. Of other files the first bytes are read.
 */
export function whyNoPicture(path: string): string | undefined {
  if (isPictureName(path)) return undefined;
  let bytes: Buffer;
  try {
    bytes = readBeginning(systemPath(path), KIND_BYTES);
  } catch (error) {
    return systemReason(error);
  }
  // It does not need the advice to remove it: nobody took it for a picture.
  return formatOf(bytes) ? undefined : describeKind(bytes, false);
}
