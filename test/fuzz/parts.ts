// Changes files that consist of parts with declared lengths, such as PNG's chunks: the parts, their order and their lengths, with
// checksums that are right again, so that a reader does not stop at them.

import type { Random } from "../../src/common/random.ts";
import { changeBytes, hostileNumber, oneOf } from "./bytes.ts";

/** A way to take a file apart, and to put it together again. */
export interface Form {
  /** The parts in order; undefined if it is not such a file. What is before and after the parts is a part of its own, too. */
  readonly split: (bytes: Buffer) => readonly Uint8Array[] | undefined;
  /** The file of these parts. */
  readonly join: (parts: readonly Uint8Array[]) => Uint8Array;
  /** Where the numbers of a part are that declare sizes and counts: offset and number of bytes. */
  readonly numbers?: (part: Buffer) => readonly (readonly [offset: number, size: number])[];
  readonly isBigEndian?: boolean;
  /** Changes the content of a part, by default its bytes. */
  readonly change?: (part: Buffer, random: Random) => Uint8Array;
}

/** Changes one or several parts of a file of this form; undefined if it has none. */
export function changeParts(form: Form, bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const found = form.split(Buffer.from(bytes));
  if (!found || found.length === 0) return undefined;
  let parts = [...found];
  for (let i = random.integer(1, 2); i > 0; i--) parts = changeOne(form, parts, random);
  return form.join(parts);
}

function changeOne(form: Form, parts: readonly Uint8Array[], random: Random): Uint8Array[] {
  const place = random.integer(0, parts.length - 1);
  const changed = [...parts];
  const kind = random.integer(0, 9);
  if (kind === 0) changed.splice(place, 1);
  else if (kind === 1) changed.splice(place, 0, parts[random.integer(0, parts.length - 1)]);
  else if (kind === 2) changed.splice(random.integer(0, parts.length - 1), 0, ...changed.splice(place, 1));
  else if (kind < 6) changed[place] = changeNumber(form, Buffer.from(parts[place]), random);
  else changed[place] = (form.change ?? changeBytes)(Buffer.from(parts[place]), random);
  return changed.length > 0 ? changed : [new Uint8Array(0)];
}

function changeNumber(form: Form, part: Buffer, random: Random): Uint8Array {
  const places = (form.numbers?.(part) ?? []).filter(([offset, size]) => offset + size <= part.length);
  if (places.length === 0) return (form.change ?? changeBytes)(part, random);
  const [offset, size] = oneOf(places, random);
  const value = hostileNumber(size, random);
  if (form.isBigEndian) part.writeUIntBE(value, offset, size);
  else part.writeUIntLE(value, offset, size);
  return part;
}

/** Numbers of this size one after another. */
export function numbersFrom(start: number, end: number, size: 1 | 2 | 4): (readonly [number, number])[] {
  const places: (readonly [number, number])[] = [];
  for (let offset = start; offset + size <= end; offset += size) places.push([offset, size]);
  return places;
}
