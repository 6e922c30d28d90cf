// The names of the outputs: `cat_aug1.png`, `cat_aug2.png`, ... are written beside `cat.png`. Inputs that would give
// the same name (cat.png and cat.jpg; or cat_aug1.png from an earlier run among the inputs) get distinct names, always
// in the same way, even if they differ only in letter case or Unicode form: a dataset may be copied to a system that
// ignores these.

import { posix } from "node:path";

/** Longest stem of an output in bytes of UTF-8: with its suffix, a name stays below the usual limit of 255. */
const LONGEST_STEM = 200;

/** The files beside the class folders, during a run and after it. */
export const MANIFEST_NAME = "manifest.csv";
export const RUN_FILE_NAME = "apply.json";
export const JOURNAL_NAME = "apply.journal";

const OWN_NAMES = [MANIFEST_NAME, RUN_FILE_NAME, JOURNAL_NAME];

export type PictureExtension = "jpg" | "png";

/** An output's name: its stem, the copy (from 1) and, if a policy has several chains, the chain (from 1). */
const AUGMENTED = {
  jpg: /^(.*)_aug\d+(-\d+)?\.jpg$/iu,
  png: /^(.*)_aug\d+(-\d+)?\.png$/iu,
  any: /^(.*)_aug\d+(-\d+)?(\.[^./]*)?$/iu,
} as const;

/** The path of an augmented picture; `chain` from 1, or undefined if the policy has only one. */
export function augmentedPath(
  stem: string,
  copy: number,
  chain: number | undefined,
  extension: PictureExtension,
): string {
  return `${stem}_aug${copy}${chain === undefined ? "" : `-${chain}`}.${extension}`;
}

/** Those of these folders that have the name of one of our files. */
export function foldersInTheWay(folders: readonly string[]): string[] {
  return folders.filter((folder) => OWN_NAMES.includes(fold(folder)));
}

/** Assigns a distinct stem to each input. Paths are relative, with `/` on every system. */
export class OutputStems {
  readonly #taken = new Set<string>();

  /**
   * @param inputs all inputs whose outputs are in the same folders.
   * @param extension of the outputs; `any` if they differ, or if originals do not keep their names.
   */
  constructor(inputs: readonly string[], extension: PictureExtension | "any") {
    for (const input of inputs) {
      const stem = AUGMENTED[extension].exec(input)?.[1];
      if (stem !== undefined) this.#taken.add(fold(stem));
    }
  }

  /** `a/cat` for a/cat.png; then `a/cat_jpg` for a/cat.jpg; then `a/cat_jpg_2` for a/cat.JPG. */
  take(input: string): string {
    const extension = posix.extname(input);
    const folder = posix.dirname(input);
    const stem = posix.join(folder, shorten(posix.basename(input, extension)));
    const longer = extension === "" ? stem : `${stem}_${extension.slice(1)}`;
    let candidate = stem;
    for (let attempt = 1; this.#taken.has(fold(candidate)); attempt++) {
      candidate = attempt === 1 ? longer : `${longer}_${attempt}`;
    }
    this.#taken.add(fold(candidate));
    return candidate;
  }
}

/** Folder names for classes with arbitrary names ("T-shirt/top"), distinct on any system. */
export function classFolders(classNames: readonly string[]): string[] {
  const taken = new Set(OWN_NAMES);
  return classNames.map((name) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what no file name should have
    const clean = shorten(name.replace(/[\x00-\x1f<>:"/\\|?*]+/g, "-").replace(/^[. ]+|[. ]+$/g, "")) || "_";
    let candidate = clean;
    for (let attempt = 2; taken.has(fold(candidate)); attempt++) candidate = `${clean}_${attempt}`;
    taken.add(fold(candidate));
    return candidate;
  });
}

function fold(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_STEM) return name;
  let kept = "";
  let bytes = 0;
  for (const letter of name) {
    bytes += Buffer.byteLength(letter);
    if (bytes > LONGEST_STEM) break;
    kept += letter;
  }
  return kept;
}
