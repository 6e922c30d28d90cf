// What the fuzzer gives to a reader: files, one or more of them damaged. An input depends only on its number and on the seed.

import { Random } from "../../src/common/random.ts";
import type { Files } from "../dataset/fixtures/files.ts";
import { change } from "./change.ts";

/** Files as they are in a folder, and what a reader is given of them. */
export interface Seed {
  readonly name: string;
  readonly files: Files;
  /** In the folder; `.` is the folder itself. */
  readonly path: string;
  /** The files that are damaged, by default all. */
  readonly damaged?: readonly string[];
}

/** The readers of one kind of files. */
export interface FuzzClass {
  readonly name: string;
  /** How often it has a turn: 1 for the slowest. */
  readonly turns: number;
  /** Whether this program has written the files, and so reads them. */
  readonly isOwn?: boolean;
  /** Well-formed files, and some that are refused; the same in each process. */
  readonly seeds: () => Promise<readonly Seed[]>;
  /** Damages one file, by default by what it is. */
  readonly change?: (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;
  /** Reads what a path contains; says what it has read. @throws Error as the reader does. */
  readonly read: (path: string, folder: string) => Promise<string>;
}

/** One input. */
export interface FuzzInput {
  readonly class: string;
  readonly seed: number;
  readonly number: number;
  /** The seed's name, for people. */
  readonly from: string;
  readonly files: Files;
  readonly path: string;
}

/** The class that has a turn, by the number of the input. */
export function classOfTurn(classes: readonly FuzzClass[], number: number): FuzzClass {
  const order = turnsOf(classes);
  return order[number % order.length];
}

/** The classes in the order of their turns: those with several turns have them at even distances. */
function turnsOf(classes: readonly FuzzClass[]): FuzzClass[] {
  return classes
    .flatMap((each) => Array.from({ length: each.turns }, (_, i) => ({ each, at: (i + 0.5) / each.turns })))
    .sort((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

/** Makes an input of a class. */
export async function makeInput(fuzzClass: FuzzClass, seed: number, number: number): Promise<FuzzInput> {
  const seeds = await fuzzClass.seeds();
  const random = new Random(seed, "fuzz", fuzzClass.name, number);
  const { name, files, path, damaged = Object.keys(files) } = seeds[random.integer(0, seeds.length - 1)];
  const others = seeds[random.integer(0, seeds.length - 1)];
  const other = Object.values(others.files)[0];
  const changed = { ...files };
  for (let changes = random.chance(0.3) ? random.integer(2, 4) : 1; changes > 0; changes--) {
    const file = damaged[random.integer(0, damaged.length - 1)];
    const bytes = Buffer.from(changed[file]);
    changed[file] = (fuzzClass.change ?? change)(bytes, random, Buffer.from(other));
  }
  return { class: fuzzClass.name, seed, number, from: name, files: changed, path };
}
