// The sheet's file: a PNG that names its creator, so that a later preview may replace it, but never another file.

import { crc32 } from "node:zlib";
import { mismatch, systemCode, systemReason, UsageError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { readOrdinaryFile } from "../common/ordinary-files.ts";
import { SHEET_TEXT } from "../dataset/readers/own-output.ts";
import type { Pixels } from "../image/batch.ts";
import { encodePng } from "../image/codec.ts";

/** A PNG's signature and its first chunk, IHDR, whose length is fixed. PNG specification, sections 5.2 and 11.2. */
const HEADER_LENGTH = 8 + 25;

/** The chunk that follows: textual data with a keyword of the specification (11.3.3). */
const MADE_BY = chunk("tEXt", SHEET_TEXT);

/**
 * Checks that a sheet may be written to `path`: either nothing exists there, or an earlier sheet.
 * @throws UsageError if another file or a folder exists there, or the name does not end in .png.
 */
export function checkSheetPath(path: string): void {
  if (!/\.png$/i.test(path)) throw new UsageError(mismatch("--out", "a file name that ends in .png", path));
  let file: Buffer;
  try {
    file = readOrdinaryFile(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw new UsageError(`cannot write to ${path}: ${systemReason(error)}; give another --out`);
  }
  if (!file.subarray(HEADER_LENGTH, HEADER_LENGTH + MADE_BY.length).equals(MADE_BY)) {
    throw new UsageError(
      `${path} already exists and is not a preview sheet; give another --out or remove it`,
    );
  }
}

/** Writes the sheet as a PNG file, atomically. @throws RunError if it cannot be written. */
export async function writeSheet(path: string, { data, height, width }: Pixels): Promise<void> {
  const png = await encodePng(data, height, width);
  writeFileWhole(path, [png.subarray(0, HEADER_LENGTH), MADE_BY, png.subarray(HEADER_LENGTH)]);
}

function chunk(type: string, content: string): Buffer {
  const body = Buffer.from(type + content, "latin1");
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), 4 + body.length);
  return bytes;
}
