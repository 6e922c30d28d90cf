// How to start this same program again: worker processes are the executable with a hidden command, so that the
// standalone binary has them too.

import { isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/** A program and the arguments that come before the ones of the caller. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The command that starts this program: the standalone executable alone; or Node with `bin/deepaugment` of the
 * same tree as this module (`.ts` from sources, `.js` from `dist/`).
 */
export function selfCommand(): Command {
  if (isSea()) return { file: process.execPath, args: [] };
  // In a bundle in CommonJS form `import.meta.url` is empty: there the script that runs is the program itself.
  const here: string | undefined = import.meta.url;
  if (!here) return { file: process.execPath, args: [process.argv[1]] };
  const extension = here.endsWith(".ts") ? ".ts" : ".js";
  return {
    file: process.execPath,
    args: [fileURLToPath(new URL(`../../bin/deepaugment${extension}`, here))],
  };
}
