// Files that a training needs, named by their content: the same training runs on any machine that has, or can fetch, a file
// of that content.

import { resolve } from "node:path";
import { RunError, systemReason, UsageError } from "../common/errors.ts";
import { fileDigest } from "../dataset/digest.ts";

/** A file, named by its content. */
export interface ContentRef {
  /** SHA-256 of the file, 64 hexadecimal digits: what the file is. */
  readonly digest: string;
  /** The absolute path of the file on the machine that made the task: a hint, which another machine may ignore. */
  readonly path: string;
}

/** Finds a file of that content on this machine, or fetches it; returns its path. */
export type LocateContent = (ref: ContentRef) => string | Promise<string>;

/** The reference to a file as it is now. @throws RunError if it cannot be read. */
export function contentRef(path: string): ContentRef {
  return { digest: digestOf(path), path: resolve(path) };
}

/** A file of this machine at the path of the hint. */
export const locateByHint: LocateContent = ({ path }) => path;

/** Files of which this process has seen that they are what a reference names: digest and path. */
const verified = new Set<string>();

/**
 * The absolute path of a file of that content. A file is read in full the first time that this process needs it.
 * @throws UsageError if the file has another content; RunError if it cannot be read; what `locate` throws.
 */
export async function locateVerified(ref: ContentRef, locate: LocateContent): Promise<string> {
  const path = resolve(await locate(ref));
  const key = `${ref.digest} ${path}`;
  if (verified.has(key)) return path;
  const digest = digestOf(path);
  if (digest !== ref.digest) {
    throw new UsageError(
      `${path} is not the file that the training was given: its SHA-256 is ${digest.slice(0, 12)}…, expected ${ref.digest.slice(0, 12)}…; restore the file as it was written`,
    );
  }
  verified.add(key);
  return path;
}

function digestOf(path: string): string {
  try {
    return fileDigest(path, "sha256");
  } catch (error) {
    throw new RunError(`cannot read ${path}: ${systemReason(error)}`);
  }
}
