// The cases of test/fixtures/arrays.tar.gz, which scripts/arrays/make.py writes: files of arrays, and what must be read in them.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";
import type { Files } from "./fixtures/files.ts";

/** The images of a split. */
interface ExpectedSplit {
  readonly height: number;
  readonly width: number;
  /** The beginning of the SHA-256 of each image's RGB pixels, in hexadecimal. */
  readonly images: readonly string[];
  /** The name of each image's class. */
  readonly classes: readonly string[];
}

interface Entry {
  readonly name: string;
  /** The data, in the folder of the files; `.` is the folder itself. */
  readonly path: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly splits?: Readonly<Record<string, ExpectedSplit>>;
  /** Regular expressions, each of one note. */
  readonly notes?: readonly string[];
  /** A regular expression. */
  readonly error?: string;
}

export interface ArrayCase extends Entry {
  readonly files: Files;
}

const ARCHIVE = join(import.meta.dirname, "../fixtures/arrays.tar.gz");

export async function readArraySet(): Promise<ArrayCase[]> {
  const contents = new Map<string, Buffer>();
  const archive = extract();
  archive.end(gunzipSync(await readFile(ARCHIVE)));
  for await (const entry of archive) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    contents.set(entry.header.name, Buffer.concat(parts));
  }
  const entries: (Entry & { files: Record<string, string> })[] = JSON.parse(
    contents.get("arrays.json")!.toString(),
  );
  return entries.map((entry) => {
    const files = Object.entries(entry.files).map(([name, digest]) => [
      name,
      contents.get(`files/${digest}`)!,
    ]);
    return { ...entry, files: Object.fromEntries(files) };
  });
}
