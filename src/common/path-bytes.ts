// Names of files are bytes on most systems, and not always UTF-8: archives from older systems have Latin-1. Such a name is
// kept as text in which each byte above 127 is a lone surrogate, U+DC80 to U+DCFF, as in Python's `surrogateescape`.

import { isUtf8 } from "node:buffer";

/** A surrogate that stands for a byte: none that belongs to a pair. */
const ESCAPED = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

/** The text of a name that a system call returned as bytes. */
export function nameFromBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString("utf8");
  return Array.from(bytes, (byte) => String.fromCharCode(byte < 0x80 ? byte : 0xdc00 + byte)).join("");
}

/** A path as system calls take it: as bytes if a name in it is not UTF-8. */
export function systemPath(path: string): string | Buffer {
  if (path.search(ESCAPED) < 0) return path;
  const parts: Buffer[] = [];
  let start = 0;
  for (const { index } of path.matchAll(ESCAPED)) {
    parts.push(Buffer.from(path.slice(start, index)), Buffer.of(path.charCodeAt(index) - 0xdc00));
    start = index + 1;
  }
  return Buffer.concat([...parts, Buffer.from(path.slice(start))]);
}

/** A path as people read it: names that are not UTF-8 are taken as Windows-1252, which includes Latin-1. */
export function readablePath(path: string): string {
  return path.replace(ESCAPED, (escaped) => LATIN.decode(Uint8Array.of(escaped.charCodeAt(0) - 0xdc00)));
}

const LATIN = new TextDecoder("windows-1252");
