// The size of a picture file from its header alone, without decoding it.

import { closeSync, readSync } from "node:fs";
import { openOrdinaryFile } from "../common/ordinary-files.ts";
import { systemPath } from "../common/path-bytes.ts";
import { uprightSize } from "./exif.ts";
import { type Format, formatOf } from "./formats.ts";
import type { ReadPart } from "./picture.ts";

/** Bytes to try at first, and if the header is longer (metadata may precede the size); then the whole file. */
const BEGINNINGS = [4096, 131_072, Number.POSITIVE_INFINITY];

/**
 * Height and width in pixels that a file declares, as its orientation turns it; undefined if they cannot be read, or the file
 * is not a picture of a known format.
 */
export function readPictureSize(path: string): { height: number; width: number } | undefined {
  let opened: ReturnType<typeof openOrdinaryFile>;
  try {
    opened = openOrdinaryFile(systemPath(path));
  } catch {
    return undefined; // the decoder reports it
  }
  const { file, size } = opened;
  try {
    return sizeFrom(size, (start, length) => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(size - start, length)));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start));
    });
  } catch {
    return undefined; // the decoder reports it
  } finally {
    closeSync(file);
  }
}

/** The same of a file's content. */
export function pictureSizeIn(content: Uint8Array): { height: number; width: number } | undefined {
  try {
    return sizeFrom(content.length, (start, length) => content.subarray(start, start + length));
  } catch {
    return undefined; // the decoder reports it
  }
}

function sizeFrom(size: number, read: ReadPart): { height: number; width: number } | undefined {
  for (const beginning of BEGINNINGS) {
    const bytes = read(0, beginning);
    const format = formatOf(bytes);
    if (!format) return undefined;
    const declared = parse(format, format.readParts?.(read) ?? bytes, beginning >= size);
    if (declared || format.readParts || beginning >= size) return declared;
  }
  return undefined;
}

function parse(
  format: Format,
  bytes: Uint8Array,
  isAll: boolean,
): { height: number; width: number } | undefined {
  try {
    const { height, width, orientation } = format.readHeader(bytes, isAll);
    return height >= 1 && width >= 1 ? uprightSize(height, width, orientation) : undefined;
  } catch {
    return undefined; // the header is longer, or damaged
  }
}
