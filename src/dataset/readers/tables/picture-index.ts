// Finds the pictures of a folder by what a table says of them: a path or a name, with or without its extension.

import { posix, relative, sep } from "node:path";
import { readablePath } from "../../../common/path-bytes.ts";
import { isPictureName } from "../entries.ts";

/** A found picture, as its place in the index; or several that could be meant; or undefined. */
export type Found = number | readonly number[] | undefined;

export class PictureIndex {
  /** As listed. */
  readonly paths: readonly string[];
  /** Readable paths below the root, with `/`. */
  readonly names: readonly string[];
  /** Folders that contain pictures, directly or further down, below the root; the root is "". */
  readonly folders: readonly string[];
  readonly #whole = new Map<string, number[]>();
  readonly #withoutExtension = new Map<string, number[]>();
  readonly #byBase = new Map<string, number[]>();
  readonly #byBaseWithoutExtension = new Map<string, number[]>();

  constructor(root: string, paths: readonly string[]) {
    this.paths = paths;
    this.names = paths.map((path) => readablePath(relative(root, path).split(sep).join("/")));
    const folders = new Set<string>([""]);
    for (const [index, name] of this.names.entries()) {
      const base = posix.basename(name);
      add(this.#whole, name, index);
      add(this.#withoutExtension, withoutExtension(name), index);
      add(this.#byBase, base, index);
      add(this.#byBaseWithoutExtension, withoutExtension(base), index);
      for (let above = posix.dirname(name); above !== "."; above = posix.dirname(above)) folders.add(above);
    }
    this.folders = [...folders];
  }

  /** The picture of this path below a folder. */
  at(folder: string, path: string): Found {
    const name = posix.normalize(folder === "" ? path : `${folder}/${path}`);
    return one(this.#whole, name) ?? one(this.#withoutExtension, name);
  }

  /** The picture of this name in any folder. */
  named(path: string): Found {
    const base = posix.basename(path);
    return one(this.#byBase, base) ?? one(this.#byBaseWithoutExtension, base);
  }
}

function add(map: Map<string, number[]>, name: string, index: number): void {
  for (const key of new Set([`=${name}`, `~${fold(name)}`])) {
    const found = map.get(key);
    if (found) found.push(index);
    else map.set(key, [index]);
  }
}

/** The one of exactly this name, else that of this name in other case or another form of Unicode. */
function one(map: ReadonlyMap<string, readonly number[]>, name: string): Found {
  const found = map.get(`=${name}`) ?? map.get(`~${fold(name)}`);
  return found?.length === 1 ? found[0] : found;
}

function fold(name: string): string {
  return name.normalize().toLowerCase();
}

function withoutExtension(name: string): string {
  const extension = posix.extname(name);
  return extension !== "" && isPictureName(name) ? name.slice(0, -extension.length) : name;
}
