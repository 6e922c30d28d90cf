// Damages a file by what it is: archives and what they contain, pictures, text, and bytes of any kind.

import { gunzipSync, gzipSync } from "node:zlib";
import { strFromU8, unzipSync, zipSync } from "fflate";
import type { Random } from "../../src/common/random.ts";
import { changeBytes } from "./bytes.ts";
import { changeParts, type Form } from "./parts.ts";
import { formOfPicture } from "./picture-forms.ts";
import { changeJson, changeLines } from "./text.ts";

/** Share of changes that keep to the file's form: the others find what its outermost reader does. */
const BY_FORM = 0.75;

const RECORD = 512;
const CHECKSUM = 148;

/** Headers of a tar archive, each with its content. */
const TAR: Form = {
  split: (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 0; at + RECORD <= bytes.length; ) {
      const size = Number.parseInt(bytes.toString("latin1", at + 124, at + 136), 8) || 0;
      const next = at + RECORD * (1 + Math.ceil(size / RECORD));
      parts.push(bytes.subarray(at, next));
      at = next;
    }
    return parts;
  },
  join: (parts) => Buffer.concat(parts.map(sealed)),
  change: (part, random) => {
    if (random.chance(0.5)) return changeFixed(part, random);
    const [header, content] = [part.subarray(0, RECORD), part.subarray(RECORD)];
    return Buffer.concat([header, change(content, random, content)]);
  },
};

/** A change of the header that leaves its length. */
function changeFixed(part: Buffer, random: Random): Buffer {
  const fields = [0, 100, 124, 136, 156, 157, 257, 345];
  const start = fields[random.integer(0, fields.length - 1)] + random.integer(0, 11);
  const length = random.integer(1, 12);
  const values = [0, 0x20, 0x37, 0x39, 0x2f, 0x80, 0xff];
  return part.fill(
    values[random.integer(0, values.length - 1)],
    Math.min(start, part.length),
    Math.min(start + length, part.length),
  );
}

/** With the right checksum in its header. */
function sealed(part: Uint8Array): Uint8Array {
  const copy = Buffer.from(part);
  if (copy.length < RECORD || copy[0] === 0) return copy;
  copy.fill(0x20, CHECKSUM, CHECKSUM + 8);
  const sum = copy.subarray(0, RECORD).reduce((total, byte) => total + byte, 0);
  copy.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM, "latin1");
  return copy;
}

/** Damages a file once. @param other a file of the same kind, of which parts may be taken. */
export function change(bytes: Uint8Array, random: Random, other: Uint8Array = bytes): Uint8Array {
  const buffer = Buffer.from(bytes);
  const changed = random.chance(BY_FORM) ? changeByForm(buffer, random, other) : undefined;
  return changed ?? changeBytes(bytes, random, other);
}

function changeByForm(bytes: Buffer, random: Random, other: Uint8Array): Uint8Array | undefined {
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gzipSync(change(gunzipSync(bytes), random, other));
    if (bytes.toString("latin1", 0, 4) === "PK\x03\x04") return changeZip(bytes, random);
    if (bytes.toString("latin1", 257, 262) === "ustar") return changeParts(TAR, bytes, random);
    const form = formOfPicture(bytes);
    if (form) return changeParts(form, bytes, random);
  } catch {
    return undefined; // an earlier change has damaged its form
  }
  return isText(bytes) ? Buffer.from(changeText(bytes.toString(), random)) : undefined;
}

function changeZip(bytes: Buffer, random: Random): Uint8Array | undefined {
  const members: Record<string, Uint8Array> = unzipSync(bytes);
  const names = Object.keys(members);
  if (names.length === 0) return undefined;
  const name = names[random.integer(0, names.length - 1)];
  const kind = random.integer(0, 9);
  if (kind === 0) delete members[name];
  else if (kind === 1) members[strFromU8(changeBytes(Buffer.from(name), random), true)] = members[name];
  else members[name] = change(members[name], random, members[names[0]]);
  return zipSync(members, { level: random.chance(0.5) ? 0 : 6 });
}

function isText(bytes: Buffer): boolean {
  return (
    bytes.length > 0 &&
    bytes.length < 2 ** 20 &&
    bytes.subarray(0, 200).every((byte) => byte >= 32 || (byte >= 9 && byte <= 13))
  );
}

function changeText(text: string, random: Random): string {
  return /^\s*[{[]/.test(text) && !/^\{.*\}\n\{/.test(text)
    ? changeJson(text, random)
    : changeLines(text, random);
}
