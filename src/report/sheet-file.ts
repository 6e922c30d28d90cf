// The sheet's file: a PNG that says by whom it was made, so that a later one may take its place, but never another file's.

import { readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { systemCode, systemReason, UsageError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import type { Pixels } from "../image/batch.ts";
import { encodePng } from "../image/codec.ts";

/** A PNG's signature and its first chunk, which is always IHDR and as long. PNG specification, sections 5.2 and 11.2. */
const HEADER_LENGTH = 8 + 25;

/** The chunk that follows: textual data with a keyword of the specification (11.3.3). */
const MADE_BY = chunk("tEXt", "Software\0deepaugment preview");

/**
 * Checks that a sheet may be written to `path`: there is nothing, or a sheet that was made before.
 * @throws UsageError where there is any other file, or a folder, or the name does not end in .png.
 */
export function checkSheetPath(path: string): void {
  if (!/\.png$/i.test(path))
    throw new UsageError(`--out: expected a file name that ends in .png, received "${path}"`);
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw new UsageError(`cannot write to ${path}: ${systemReason(error)}; give another --out`);
  }
  if (!file.subarray(HEADER_LENGTH, HEADER_LENGTH + MADE_BY.length).equals(MADE_BY)) {
    throw new UsageError(
      `${path} is there already and is no sheet of preview; give another --out or remove it`,
    );
  }
}

/**
 * Writes the sheet as a PNG file, whole.
 * @throws RunError where it cannot be written.
 */
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
