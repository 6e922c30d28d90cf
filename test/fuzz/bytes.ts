// Changes bytes without knowing what they mean.

import type { Random } from "../../src/common/random.ts";

/** Bytes at the beginning of a file that are changed more often than others. */
const HEADER = 160;

/** Numbers at which programs fail, and sizes of pictures that are large and still possible. */
const LARGE = [
  300, 2000, 4000, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x7fff, 0x8000, 0xffff, 0x10000, 1e9,
  0, 1,
];

/** A place in the bytes: often near the beginning, sometimes near the end: archives have their directories there. */
function placeIn(bytes: Uint8Array, random: Random): number {
  if (bytes.length === 0) return 0;
  const length = random.chance(0.5) ? Math.min(HEADER, bytes.length) : bytes.length;
  const place = random.integer(0, length - 1);
  return random.chance(0.2) ? bytes.length - 1 - place : place;
}

type Change = (bytes: Buffer, random: Random, other: Uint8Array) => Uint8Array;

const CHANGES: readonly Change[] = [
  flipBits,
  flipBits,
  setBytes,
  cutOff,
  cutOut,
  repeat,
  splice,
  insert,
].concat([setNumber, setNumber, setNumber, enlargeNumber, exchange]);

/**
 * Changes bytes in one of many ways.
 * @param other bytes of the same kind, of which parts may be taken.
 */
export function changeBytes(bytes: Uint8Array, random: Random, other: Uint8Array = bytes): Uint8Array {
  const copy = Buffer.from(bytes);
  if (copy.length === 0) return Uint8Array.of(random.integer(0, 255));
  return CHANGES[random.integer(0, CHANGES.length - 1)](copy, random, other);
}

/** One of several. */
export function oneOf<Item>(items: readonly Item[], random: Random): Item {
  return items[random.integer(0, items.length - 1)];
}

/** A whole number that is written in this many bytes: large, small or any. */
export function hostileNumber(bytes: number, random: Random): number {
  const most = 2 ** (8 * bytes) - 1;
  if (random.chance(0.2)) return random.integer(0, most);
  return oneOf(LARGE.filter((value) => value <= most).concat([most, most - 1]), random);
}

function flipBits(bytes: Buffer, random: Random): Uint8Array {
  for (let i = random.integer(1, 3); i > 0; i--) bytes[placeIn(bytes, random)] ^= 1 << random.integer(0, 7);
  return bytes;
}

function setBytes(bytes: Buffer, random: Random): Uint8Array {
  const start = placeIn(bytes, random);
  const value = oneOf([0, 255, random.integer(0, 255)], random);
  return bytes.fill(value, start, Math.min(bytes.length, start + random.integer(1, 16)));
}

function cutOff(bytes: Buffer, random: Random): Uint8Array {
  return bytes.subarray(0, placeIn(bytes, random));
}

function cutOut(bytes: Buffer, random: Random): Uint8Array {
  const start = placeIn(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + random.integer(1, 20))]);
}

function repeat(bytes: Buffer, random: Random): Uint8Array {
  const start = placeIn(bytes, random);
  const part = bytes.subarray(start, start + random.integer(1, 1000));
  const times = random.chance(0.1) ? random.integer(1, 100) : 1;
  return Buffer.concat([
    bytes.subarray(0, start),
    ...new Array<Buffer>(times).fill(part),
    bytes.subarray(start),
  ]);
}

/** Continues with the end of another file. */
function splice(bytes: Buffer, random: Random, other: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, placeIn(bytes, random)), other.subarray(placeIn(other, random))]);
}

function insert(bytes: Buffer, random: Random): Uint8Array {
  const start = placeIn(bytes, random);
  const added = Buffer.from(Uint8Array.from({ length: random.integer(1, 40) }, () => random.integer(0, 255)));
  return Buffer.concat([bytes.subarray(0, start), added, bytes.subarray(start)]);
}

function setNumber(bytes: Buffer, random: Random): Uint8Array {
  const size = oneOf(
    [1, 2, 4].filter((each) => each <= bytes.length),
    random,
  );
  const start = Math.min(placeIn(bytes, random), bytes.length - size);
  const value = hostileNumber(size, random);
  if (random.chance(0.5)) bytes.writeUIntLE(value, start, size);
  else bytes.writeUIntBE(value, start, size);
  return bytes;
}

/** Makes the next number in text, from a place on, one of nines. */
function enlargeNumber(bytes: Buffer, random: Random): Uint8Array {
  const isDigit = (byte: number) => byte >= 48 && byte <= 57;
  const place = placeIn(bytes, random);
  const start = bytes.findIndex((byte, i) => i >= place && isDigit(byte));
  if (start < 0) return flipBits(bytes, random);
  let end = start;
  // Numbers of headers are followed by spaces.
  while (end < bytes.length && end < start + 9 && (isDigit(bytes[end]) || bytes[end] === 32)) end++;
  return bytes.fill("9", start, end);
}

/** Exchanges two parts of the same length. */
function exchange(bytes: Buffer, random: Random): Uint8Array {
  const length = random.integer(1, Math.max(1, Math.min(64, bytes.length >> 1)));
  const [first, second] = [placeIn(bytes, random), placeIn(bytes, random)].sort((a, b) => a - b);
  if (second - first < length || second + length > bytes.length) return flipBits(bytes, random);
  const kept = Buffer.from(bytes.subarray(first, first + length));
  bytes.copy(bytes, first, second, second + length);
  kept.copy(bytes, second);
  return bytes;
}
