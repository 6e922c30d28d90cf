// Commands of this program in messages, as a user can paste them.

import { isSea } from "node:sea";

/**
 * How this program is called: `npx deepaugment` if npx has started it, the path that was typed if it is the standalone
 * executable, else `deepaugment`.
 */
export function programName(): string {
  if (isSea()) return quoteForShell(process.argv0);
  return process.env.npm_command === "exec" ? "npx deepaugment" : "deepaugment";
}

/** An argument as one pastes it into a POSIX shell: quoted if it contains anything but harmless characters. */
export function quoteForShell(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
