// Checksums of lines of text: an edit or a damaged disk is found by them.

import { crc32 } from "node:zlib";

export const CHECKSUM_DIGITS = 8;

/** The CRC-32 of the text, as hexadecimal digits. */
export function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(CHECKSUM_DIGITS, "0");
}
