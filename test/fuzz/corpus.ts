// Inputs as files: those that failed once, in test/fixtures/fuzz.tar.gz, which are read first, and those that have just failed.

import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { type Files, tarGz } from "../dataset/fixtures/files.ts";
import type { FuzzInput } from "./input.ts";

const ARCHIVE = join(import.meta.dirname, "../fixtures/fuzz.tar.gz");

/** The name of the file that describes an input, beside the folder of its files. */
const ABOUT = "fuzz.json";

export interface StoredInput extends FuzzInput {
  /** What it is, for people. */
  readonly name: string;
}

/** The inputs that failed once, by their names. */
export async function readCorpus(): Promise<StoredInput[]> {
  const inputs = new Map<string, Files>();
  for (const [path, bytes] of Object.entries(await membersOf())) {
    const [name, ...rest] = path.split("/");
    inputs.set(name, { ...inputs.get(name), [rest.join("/")]: bytes });
  }
  return [...inputs].map(([name, files]) => toInput(name, files));
}

async function membersOf(): Promise<Files> {
  if (!existsSync(ARCHIVE)) return {};
  const files: Files = {};
  const archive = extract();
  archive.end(gunzipSync(readFileSync(ARCHIVE)));
  for await (const entry of archive) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    files[entry.header.name.slice("fuzz/".length)] = Buffer.concat(parts);
  }
  return files;
}

function toInput(name: string, { [ABOUT]: about, ...rest }: Files): StoredInput {
  const files = Object.entries(rest).map(([path, bytes]) => [path.slice("files/".length), bytes]);
  return { ...JSON.parse(about.toString()), name, files: Object.fromEntries(files) };
}

function toFiles({ files, ...about }: FuzzInput, problem: string): Files {
  const named = Object.entries(files).map(([path, bytes]) => [`files/${path}`, bytes]);
  return { [ABOUT]: `${JSON.stringify({ ...about, problem }, null, 2)}\n`, ...Object.fromEntries(named) };
}

/** Writes an input and what is wrong with it into a new folder. */
export function storeInput(folder: string, input: FuzzInput, problem: string): void {
  for (const [path, bytes] of Object.entries(toFiles(input, problem))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

/** The files of a folder that `storeInput` has written. */
function filesIn(folder: string): Files {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return Object.fromEntries(files.map((path) => [relative(".", path), readFileSync(join(folder, path))]));
}

/** An input that `storeInput` has written. */
export function readStored(folder: string): StoredInput {
  return toInput(folder, filesIn(folder));
}

/** Adds an input that `storeInput` has written to those that are read first. */
export async function keepInput(folder: string, name: string): Promise<void> {
  const own = Object.entries(filesIn(folder)).map(([path, bytes]) => [`${name}/${path}`, bytes]);
  const members = { ...(await membersOf()), ...Object.fromEntries(own) };
  writeFileSync(ARCHIVE, await tarGz(members, "fuzz"));
}
