// Folders reached through links. Links are followed, but they can lead back to where they are, and a few folders that link to
// each other have more paths than anybody can read.

import { realpathSync } from "node:fs";
import { sep } from "node:path";
import { UsageError } from "../../common/errors.ts";
import { readablePath, systemPath } from "../../common/path-bytes.ts";
import { unreadable } from "../reader.ts";

/** Many classes may link to the same folder, but no dataset reaches folders again as often as this. */
const MOST_AGAIN = 3000;

/** The path of a folder without links, its bytes as Latin-1. @throws UsageError if there is no such folder. */
export function realPath(path: string): string {
  try {
    return realpathSync.native(systemPath(path), { encoding: "buffer" }).toString("latin1");
  } catch (error) {
    throw unreadable(readablePath(path), error);
  }
}

/** Whether a folder is another one, or is in it; both without links. */
export function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith(sep) ? outer : outer + sep);
}

/** Counts how often folders are read again. */
export class FolderWalk {
  readonly #seen = new Set<string>();
  readonly #known = new Map<string, boolean>();
  #again = 0;

  /**
   * Notes that a folder is read.
   * @param real as `realPath` returns it.
   * @throws UsageError if links have led to folders again and again.
   */
  enter(path: string, real: string): void {
    if (!this.#seen.has(real)) this.#seen.add(real);
    else if (++this.#again > MOST_AGAIN)
      throw new UsageError(
        `${readablePath(path)}: links between folders have led to the same ones more than ${MOST_AGAIN} times: remove such links`,
      );
  }

  /** What `find` says of a folder, asked once. */
  once(real: string, find: () => boolean): boolean {
    const known = this.#known.get(real) ?? find();
    this.#known.set(real, known);
    return known;
  }
}

/** Remembers which folders were searched in vain, and how many levels below them. */
export class FolderSearch {
  readonly #levels = new Map<string, number>();

  /** Whether a folder was not yet searched as deep. From then on, it counts as searched. */
  isNew(path: string, levels: number): boolean {
    const real = realPath(path);
    if ((this.#levels.get(real) ?? -1) >= levels) return false;
    this.#levels.set(real, levels);
    return true;
  }
}
