// Finds the pictures of a folder by what a table says of them: a path or a name, with or without its extension.

import { posix, relative, sep } from "node:path";
import { readablePath } from "../../../common/path-bytes.ts";
import { isPictureName } from "../../../image/sniff.ts";

/** A found picture, as its place in the index; or several that could be meant; or undefined. */
export type Found = number | readonly number[] | undefined;

/**
 * How names may differ from those of the files. Strict: in case, and in an extension that the table lacks. Loose: also in the
 * extension, and numbers in their leading zeros, which spreadsheets remove.
 */
export type Spelling = "strict" | "loose";

type Places = ReadonlyMap<string, number | number[]>;

export class PictureIndex {
  /** As listed. */
  readonly paths: readonly string[];
  /** Readable paths below the root, with `/`. */
  readonly names: readonly string[];
  /** Folders that contain pictures, directly or further down, below the root; the root is "". */
  readonly folders: readonly string[];
  /** Made when they are needed: most tables need one of them. */
  #above: ReadonlyMap<string, readonly string[]> | undefined;
  readonly #places = new Map<(name: string) => string, Places>();

  constructor(root: string, paths: readonly string[]) {
    this.paths = paths;
    this.names = paths.map((path) => readablePath(relative(root, path).split(sep).join("/")));
    const folders = new Set<string>([""]);
    for (const name of this.names) {
      for (
        let above = posix.dirname(name);
        above !== "." && !folders.has(above);
        above = posix.dirname(above)
      )
        folders.add(above);
    }
    this.folders = [...folders];
  }

  /** The picture of this path below a folder. */
  at(folder: string, path: string, spelling: Spelling = "strict"): Found {
    const joined = folder === "" ? path : `${folder}/${path}`;
    const name = joined.includes("../") ? posix.normalize(joined) : joined;
    const found = this.#find(WHOLE, name) ?? this.#find(WITHOUT_EXTENSION, name);
    return found ?? (spelling === "loose" ? this.#placesBy(loose).get(loose(name)) : undefined);
  }

  /** The picture of this name in any folder. */
  named(path: string, spelling: Spelling = "strict"): Found {
    const base = posix.basename(path);
    const found = this.#find(BASE, base) ?? this.#find(BASE_WITHOUT_EXTENSION, base);
    return found ?? (spelling === "loose" ? this.#placesBy(looseBase).get(loose(base)) : undefined);
  }

  /** The folders that contain a picture of this name. */
  foldersOf(base: string, spelling: Spelling): readonly string[] {
    const keys = [BASE.folded, BASE_WITHOUT_EXTENSION.folded];
    const found = keys.flatMap((keyOf) => this.#placesBy(keyOf).get(fold(base)) ?? []);
    if (spelling === "loose") found.push(...[this.#placesBy(looseBase).get(loose(base)) ?? []].flat());
    return [...new Set(found.map((place) => folderOf(this.names[place])))];
  }

  /** The folders that contain a folder of this name with pictures. */
  foldersAbove(base: string): readonly string[] {
    this.#above ??= aboveByBase(this.folders);
    return this.#above.get(fold(base)) ?? [];
  }

  #find({ exact, folded }: Keys, name: string): Found {
    return this.#placesBy(exact).get(name) ?? this.#placesBy(folded).get(fold(name));
  }

  #placesBy(keyOf: (name: string) => string): Places {
    const known = this.#places.get(keyOf);
    if (known) return known;
    const places = new Map<string, number | number[]>();
    for (const [index, name] of this.names.entries()) {
      const key = keyOf(name);
      const found = places.get(key);
      if (found === undefined) places.set(key, index);
      else if (typeof found === "number") places.set(key, [found, index]);
      else found.push(index);
    }
    this.#places.set(keyOf, places);
    return places;
  }
}

/** How a picture is found by a name, and by one in other case or in another form of Unicode. */
interface Keys {
  readonly exact: (name: string) => string;
  readonly folded: (name: string) => string;
}

const keysBy = (exact: (name: string) => string): Keys => ({ exact, folded: (name) => fold(exact(name)) });

const WHOLE = keysBy((name) => name);
const WITHOUT_EXTENSION = keysBy(withoutExtension);
const BASE = keysBy((name) => posix.basename(name));
const BASE_WITHOUT_EXTENSION = keysBy((name) => withoutExtension(posix.basename(name)));

/** The folders that contain folders, by the names of these. */
function aboveByBase(folders: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of folders) {
    const base = fold(posix.basename(folder));
    const above = found.get(base);
    if (above) above.push(folderOf(folder));
    else found.set(base, [folderOf(folder)]);
  }
  return found;
}

/** The folder of a path; "" if that is the root. */
function folderOf(name: string): string {
  const folder = posix.dirname(name);
  return folder === "." ? "" : folder;
}

function fold(name: string): string {
  return name.normalize().toLowerCase();
}

function withoutExtension(name: string): string {
  const extension = posix.extname(name);
  return extension !== "" && isPictureName(name) ? name.slice(0, -extension.length) : name;
}

/** `a/0007.JPG`, `a/7` and `a/7.0` are alike. */
function loose(name: string): string {
  const plain = withoutExtension(fold(name));
  return plain.replace(/(^|\/)0*(\d+)(\.0)?$/, "$1$2");
}

function looseBase(name: string): string {
  return loose(posix.basename(name));
}
