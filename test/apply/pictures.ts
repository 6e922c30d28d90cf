// Helpers for the tests of this folder: folders of real pictures, policy files and manifests.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { type ApplyOptions, type ApplyOutcome, applyPolicies } from "../../src/apply/apply.ts";
import type { DrawnOperation } from "../../src/augment/chain.ts";
import { imageAt } from "../../src/image/batch.ts";
import { encodeJpeg, encodePng } from "../../src/image/codec.ts";
import { lumaOf } from "../../src/image/grey.ts";
import { resizeImage } from "../../src/image/resize.ts";
import type { Chain } from "../../src/policy/policy.ts";
import { type Confirmation, formatPolicyFile } from "../../src/policy/policy-file.ts";
import { loadSample } from "../fixtures/sample.ts";

/** Real picture `index` of the sample, as a file of the path's format, at `height` x `width` pixels. */
export async function writePicture(path: string, index: number, height = 32, width = 32): Promise<void> {
  const { images } = (await loadSample()).train;
  const pixels = resizeImage(imageAt(images, index), 32, 32, height, width);
  const encode = /\.jpe?g$/i.test(path) ? encodeJpeg : encodePng;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await encode(pixels, height, width));
}

/** Like `writePicture`, in grey: a PNG of one channel. */
export async function writeGreyPicture(path: string, index: number): Promise<void> {
  const { images } = (await loadSample()).train;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await encodePng(lumaOf(imageAt(images, index)), 32, 32, 1));
}

let runs = 0;

/** Applies policies, or a recipe, to data, into a new folder below `root` unless `out` is given. */
export function applyTo(root: string, data: string, options: Partial<ApplyOptions>): Promise<ApplyOutcome> {
  return applyPolicies({
    data,
    out: join(root, `out-${runs++}`),
    top: 1,
    copies: 1,
    chance: 1,
    onlyAugmented: false,
    seed: 0,
    workers: 2,
    ...options,
  });
}

/**
 * A policy file with these chains per policy, best first; trial numbers count down from 20.
 * @param confirmation of each policy; by default the file does not say, as older ones.
 */
export function writePolicies(
  path: string,
  policies: readonly (readonly Chain[])[],
  confirmation?: Confirmation | null,
): string {
  const found = policies.map((chains, i) => ({
    trial: 20 - i,
    reward: 0.6 - i / 100,
    standardError: 0.01,
    confirmed: false,
    expectedAccuracyIncrease: 0.1 - i / 100,
    confirmation,
    portion: 0.5,
    chains,
  }));
  const dataset = { name: "sample", classes: 10, imageShape: [32, 32, 3] as const };
  const text = formatPolicyFile({
    dataset,
    baseline: { reward: 0.5, standardError: 0.01, confirmed: false },
    policies: found,
  });
  writeFileSync(path, text);
  return path;
}

/** All files below a folder with their content, by path with `/`, sorted. */
export function contentsOf(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(
    files.map((name) => [name.split(sep).join("/"), readFileSync(join(folder, name)).toString("base64")]),
  );
}

/** Bytes of all files below a folder; 0 if there is none yet. Files may come and go meanwhile. */
export function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sum + bytesIn(path);
      return sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
  } catch {
    return 0;
  }
}

export function filesIn(folder: string): string[] {
  return [...contentsOf(folder).keys()];
}

/** The pictures written by a run: all files except its own two. */
export function picturesIn(out: string): string[] {
  return filesIn(out).filter((name) => name !== "manifest.csv" && name !== "apply.json");
}

export interface ParsedRow {
  readonly output: string;
  readonly source: string;
  readonly split: string;
  readonly class: string;
  readonly policy_trial: string;
  readonly chain: string;
  readonly parameters: readonly DrawnOperation[] | undefined;
  readonly seed: string;
  readonly image_index: string;
  readonly copy: string;
}

/** The rows of a manifest, parsed as in RFC 4180. */
export function readManifest(out: string): ParsedRow[] {
  const text = readFileSync(join(out, "manifest.csv"), "utf8");
  const cells = [...text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])/g)];
  if (cells.map(([cell]) => cell).join("") !== text) throw new Error("the manifest is not CSV");
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of cells) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === "\n") rows.push([]);
  }
  rows.pop();
  const [header, ...body] = rows;
  return body.map((row) => {
    if (row.length !== header.length) throw new Error(`a row of ${row.length} cells: ${row}`);
    const record = Object.fromEntries(header.map((name, i) => [name, row[i]]));
    const { parameters } = record;
    return { ...record, parameters: parameters ? JSON.parse(parameters) : undefined } as unknown as ParsedRow;
  });
}
