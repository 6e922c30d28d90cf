// Changes files of this program that have checksums and declared lengths, so that these are right again.

import { crc32 } from "node:zlib";
import { checksumOf } from "../../src/common/checksum.ts";
import type { Random } from "../../src/common/random.ts";
import { changeBytes } from "./bytes.ts";
import { change } from "./change.ts";
import { changeJson } from "./text.ts";

/** Share of changes after which checksums and lengths are right again. */
const SEALED = 0.8;

/** Magic, length of the header, checksum, header, labels and pixels. */
export function changeCache(bytes: Uint8Array, random: Random): Uint8Array {
  const buffer = Buffer.from(bytes);
  if (random.chance(1 - SEALED) || buffer.length < 28) return changeBytes(bytes, random);
  const length = buffer.readUInt32LE(16);
  const [header, content] = [buffer.subarray(24, 24 + length), buffer.subarray(24 + length)];
  const json = random.chance(0.7) ? Buffer.from(changeJson(header.toString(), random)) : header;
  const padded = Buffer.concat([json, Buffer.alloc((4 - (json.length % 4)) % 4, " ")]);
  const body = random.chance(0.3) ? Buffer.from(changeBytes(content, random)) : content;
  const start = Buffer.alloc(4);
  start.writeUInt32LE(padded.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(Buffer.concat([start, padded, body])));
  return Buffer.concat([buffer.subarray(0, 16), start, sum, padded, body]);
}

/** Lines that each end with the checksum of what precedes it. */
export function changeJournal(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.chance(1 - SEALED)) return change(bytes, random);
  const lines = Buffer.from(bytes).toString().split("\n").slice(0, -1);
  if (lines.length === 0) return change(bytes, random);
  const place = random.integer(0, lines.length - 1);
  const json = changeJson(lines[place].replace(/,"sum":"[^"]*"\}$/, "}"), random).replace(/\}$/, "");
  lines[place] = `${json},"sum":"${checksumOf(json)}"}`;
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** The length of a JSON header, the header, and values. */
export function changeSafetensors(bytes: Uint8Array, random: Random): Uint8Array {
  const buffer = Buffer.from(bytes);
  if (random.chance(1 - SEALED) || buffer.length < 8) return changeBytes(bytes, random);
  const end = 8 + Number(buffer.readBigUInt64LE(0));
  if (end > buffer.length) return changeBytes(bytes, random);
  const json = Buffer.from(changeJson(buffer.toString("utf8", 8, end), random));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, buffer.subarray(end)]);
}

/** A line of JSON before bytes. */
export function changeHeader(bytes: Uint8Array, random: Random): Uint8Array {
  const buffer = Buffer.from(bytes);
  const end = buffer.indexOf(10);
  if (end < 0 || random.chance(1 - SEALED)) return changeBytes(bytes, random);
  return Buffer.concat([
    Buffer.from(changeJson(buffer.toString("utf8", 0, end), random)),
    buffer.subarray(end),
  ]);
}
