// The samples of a shard: files with the same key are one sample. Reference: the documentation of the library `webdataset`.

import { InterruptedError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { formatOf } from "../../../image/formats.ts";
import { KIND_BYTES } from "../../../image/kinds.ts";
import { isPictureName } from "../../../image/sniff.ts";
import type { SkippedFile } from "../../dataset.ts";
import { isJunk } from "../entries.ts";
import { membersOf, type TarMember } from "./tar.ts";

/** A sample with its files, by their extensions in lower case. */
export interface Sample {
  /** The files' name up to the first dot after the last slash. */
  readonly key: string;
  readonly pictures: ReadonlyMap<string, NamedRange>;
  /** Small files that are no pictures, with their content. */
  readonly others: ReadonlyMap<string, Buffer>;
}

/** A picture file within an archive. */
export type NamedRange = Pick<TarMember, "name" | "start" | "size">;

/** Files that may contain a label are at most this large, in bytes. */
const LARGEST_LABEL = 2 ** 20;

/** Pictures are at most this large, in bytes: each is in memory as a whole. */
const LARGEST_PICTURE = 2 ** 30;

/** What is kept of files that are no part of a sample, in bytes. */
const LARGEST_KEPT = 4096;

/** Links to links are followed this far: longer chains are circles. */
const MOST_LINKS = 40;

/** Extensions of pictures that are not read, but named. */
const OTHER_PICTURES = /^(ppm|pgm|pbm|pnm|heic|heif|jp2|j2k|psd|ico|dds|exr|hdr|svg)$/;

/** The key and the extension of a file's name. Undefined if it has none, or is what systems put beside files. */
export function partsOf(name: string): { key: string; extension: string } | undefined {
  const parts = name.split("/");
  if (parts.some(isJunk)) return undefined;
  const base = parts[parts.length - 1];
  const dot = base.indexOf(".");
  if (dot <= 0 || dot === base.length - 1) return undefined;
  const key = [...parts.slice(0, -1), base.slice(0, dot)].join("/");
  return { key, extension: base.slice(dot + 1).toLowerCase() };
}

/** Whether a file is a picture: by its extension, or by its first bytes. */
export function isPicture({ name, content }: Pick<TarMember, "name" | "content">): boolean {
  const last = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return isPictureName(`.x.${last}`) || OTHER_PICTURES.test(last) || formatOf(content) !== undefined;
}

/**
 * The samples of a shard, in the order of their first files.
 * @param notes gets a note if the shard does not have the mark of its end.
 * @throws UsageError, one line, if it is truncated or damaged; InterruptedError on abort.
 */
export async function samplesIn(
  path: string,
  skipped: SkippedFile[],
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<Sample[]> {
  const samples = new SampleFiles(readablePath(path), skipped);
  const links: (TarMember & { readonly target: string })[] = [];
  const isWanted = (name: string, size: number) => {
    return size <= LARGEST_LABEL && !isPicture({ name, content: Buffer.alloc(0) });
  };
  const onOpenEnd = () => {
    notes.push(`${readablePath(path)} does not have the mark of its end, so it may be truncated`);
  };
  for await (const member of membersOf(path, isWanted, onOpenEnd)) {
    if (signal?.aborted) throw new InterruptedError("interrupted");
    const { target } = member;
    if (target === undefined) samples.add(member);
    else links.push({ ...member, target });
  }
  samples.addLinks(links);
  return samples.all();
}

/** Of a picture its first bytes, of a small file its content: a label. */
function keptOf(member: TarMember): Buffer {
  const most = isPicture(member) ? KIND_BYTES : LARGEST_KEPT;
  return Buffer.from(member.content.subarray(0, most));
}

/** The files of the samples of a shard. */
class SampleFiles {
  readonly #shard: string;
  readonly #skipped: SkippedFile[];
  readonly #samples = new Map<string, { pictures: Map<string, NamedRange>; others: Map<string, Buffer> }>();
  /** Files that are no part of a sample, which links may mean nevertheless. */
  readonly #rest = new Map<string, TarMember>();

  constructor(shard: string, skipped: SkippedFile[]) {
    this.#shard = shard;
    this.#skipped = skipped;
  }

  /** Adds a file; one that cannot be read is skipped. */
  add(member: TarMember): void {
    const { name, size, other } = member;
    const parts = partsOf(name);
    if (!parts) {
      if (other === undefined) this.#rest.set(name, { ...member, content: keptOf(member) });
      return;
    }
    const { key, extension } = parts;
    const sample = this.#samples.get(key) ?? { pictures: new Map(), others: new Map() };
    this.#samples.set(key, sample);
    if (other !== undefined) this.#skip(name, `it is not a file (${other})`);
    else if (sample.pictures.has(extension) || sample.others.has(extension))
      this.#skip(name, "the archive has a file of this name before it");
    else if (!isPicture(member)) sample.others.set(extension, member.content);
    else if (size > LARGEST_PICTURE)
      this.#skip(name, `it has ${size} bytes; pictures have at most ${LARGEST_PICTURE}`);
    else sample.pictures.set(extension, { name, start: member.start, size });
  }

  /** Adds links as the files that they stand for, which may be links too. */
  addLinks(links: readonly (TarMember & { readonly target: string })[]): void {
    const targets = new Map(links.map(({ name, target }) => [name, target]));
    for (const link of links) {
      if (!partsOf(link.name)) continue;
      let { target } = link;
      for (let next = targets.get(target), steps = 0; next !== undefined && steps < MOST_LINKS; steps++) {
        target = next;
        next = targets.get(target);
      }
      const file = this.#fileOf(target);
      if (file) this.add({ ...file, name: link.name });
      else this.#skip(link.name, `it is a link to ${link.target}, which is not in the archive`);
    }
  }

  /** The samples in the order of their first files. */
  all(): Sample[] {
    return [...this.#samples].map(([key, sample]) => ({ key, ...sample }));
  }

  #fileOf(name: string): TarMember | undefined {
    const { key, extension } = partsOf(name) ?? { key: "", extension: "" };
    const sample = this.#samples.get(key);
    const picture = sample?.pictures.get(extension);
    if (picture) return { ...picture, content: Buffer.alloc(0) };
    const content = sample?.others.get(extension);
    return content ? { name, start: 0, size: content.length, content } : this.#rest.get(name);
  }

  #skip(name: string, reason: string): void {
    this.#skipped.push({ path: `${this.#shard}: ${name}`, reason });
  }
}
