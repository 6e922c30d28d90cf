// The text of a file that people or other programs wrote, in the encodings that these use.

/** By their byte order marks. */
const MARKED: readonly (readonly [mark: readonly number[], encoding: string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

/**
 * The text of these bytes, without a byte order mark: UTF-16 with a mark (PowerShell, Excel), else UTF-8, or Windows-1252 if
 * the bytes are not UTF-8.
 * @throws RangeError saying what the bytes are if they are not text in one of these.
 */
export function decodeText(bytes: Uint8Array): string {
  const encoding = MARKED.find(([mark]) => mark.every((byte, i) => bytes[i] === byte))?.[1];
  if (encoding?.startsWith("utf-16")) {
    if (bytes.length >= 4 && bytes[2] === 0 && bytes[3] === 0) throw new RangeError("it is UTF-32");
    return new TextDecoder(encoding).decode(bytes);
  }
  const zero = bytes.subarray(0, 1000).indexOf(0);
  if (zero >= 0)
    throw new RangeError(isUtf16(bytes) ? "it is UTF-16 without a byte order mark" : "it is not text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Whether every other byte of the beginning is zero, as in English text. */
function isUtf16(bytes: Uint8Array): boolean {
  const beginning = bytes.subarray(0, 64);
  const zeros = (remainder: number) =>
    beginning.filter((byte, i) => i % 2 === remainder && byte === 0).length;
  return Math.max(zeros(0), zeros(1)) >= Math.floor(beginning.length / 2) - 2 && beginning.length % 2 === 0;
}
