// The command that starts this program again: worker processes run the same program with a hidden command, so that
// they work in the standalone binary too.

import { isSea } from "node:sea";
import { fileURLToPath } from "node:url";

/** An executable and the arguments that precede the caller's. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The command that starts this program: only the standalone executable, or Node with `bin/deepaugment` from the same
 * tree as this module (`.ts` from sources, `.js` from `dist/`).
 */
export function selfCommand(): Command {
  if (isSea()) return { file: process.execPath, args: [] };
  // In a CommonJS bundle `import.meta.url` is empty and the running script is the program itself.
  const here: string | undefined = import.meta.url;
  if (!here) return { file: process.execPath, args: [process.argv[1]] };
  const extension = here.endsWith(".ts") ? ".ts" : ".js";
  return {
    file: process.execPath,
    args: [fileURLToPath(new URL(`../../bin/deepaugment${extension}`, here))],
  };
}
