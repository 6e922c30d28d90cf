// The samples of a shard: files with the same key are one sample. Reference: the documentation of the library `webdataset`.

import { InterruptedError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { formatOf } from "../../../image/formats.ts";
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
  const samples = new Map<string, { pictures: Map<string, NamedRange>; others: Map<string, Buffer> }>();
  const isWanted = (name: string, size: number) => {
    return size <= LARGEST_LABEL && !isPicture({ name, content: Buffer.alloc(0) });
  };
  const shown = readablePath(path);
  const onOpenEnd = () => {
    notes.push(`${shown} does not have the mark of its end, so it may be truncated`);
  };
  for await (const member of membersOf(path, isWanted, onOpenEnd)) {
    if (signal?.aborted) throw new InterruptedError("interrupted");
    const parts = partsOf(member.name);
    if (!parts) continue;
    const { key, extension } = parts;
    const sample = samples.get(key) ?? { pictures: new Map(), others: new Map() };
    samples.set(key, sample);
    if (sample.pictures.has(extension) || sample.others.has(extension)) {
      skipped.push({
        path: `${shown}: ${member.name}`,
        reason: "the archive has a file of this name before it",
      });
    } else if (isPicture(member) && member.size > LARGEST_PICTURE) {
      const reason = `it has ${member.size} bytes; pictures have at most ${LARGEST_PICTURE}`;
      skipped.push({ path: `${shown}: ${member.name}`, reason });
    } else if (isPicture(member)) {
      const { name, start, size } = member;
      sample.pictures.set(extension, { name, start, size });
    } else sample.others.set(extension, member.content);
  }
  return [...samples].map(([key, sample]) => ({ key, ...sample }));
}
