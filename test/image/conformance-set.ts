// The pictures of test/fixtures/pictures.tar.gz, which scripts/pictures/make.py writes, and what Pillow reads in them.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { extract } from "tar-stream";

interface Entry {
  readonly file: string;
  readonly format: string;
  readonly feature: string;
  /** The reason for which the file is skipped. */
  readonly skip?: string;
  /** Name of the pixels; missing if the file is skipped. */
  readonly pixels?: string;
  readonly height?: number;
  readonly width?: number;
  /** Whether each value must be equal to Pillow's. */
  readonly exact?: boolean;
  readonly animated?: boolean;
  /** Whether Node's zlib must have Zstandard. */
  readonly zstd?: boolean;
}

export interface ConformanceCase extends Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** [height, width, 3] */
  readonly expected?: Uint8Array;
}

/** Differences to Pillow that are allowed if a picture is stored with loss: their mean and their maximum. */
export const MOST_MEAN = 1.5;
export const MOST = 40;

const ARCHIVE = join(import.meta.dirname, "../fixtures/pictures.tar.gz");

export async function readConformanceSet(): Promise<ConformanceCase[]> {
  const files = new Map<string, Buffer>();
  const archive = extract();
  archive.end(gunzipSync(await readFile(ARCHIVE)));
  for await (const entry of archive) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    files.set(entry.header.name, Buffer.concat(parts));
  }
  const entries: Entry[] = JSON.parse(files.get("pictures.json")!.toString());
  return entries.map((entry) => ({
    ...entry,
    name: `${entry.format}: ${entry.feature}`,
    bytes: files.get(entry.file)!,
    ...(entry.pixels && { expected: files.get(entry.pixels)! }),
  }));
}

/** Mean and largest absolute difference. */
export function differenceOf(a: Uint8Array, b: Uint8Array): { mean: number; most: number } {
  let [sum, most] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i]);
    sum += difference;
    if (difference > most) most = difference;
  }
  return { mean: sum / a.length, most };
}
