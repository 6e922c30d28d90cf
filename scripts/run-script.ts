// How a script ends where something fails that its user can mend.

import { messageOf, RunError, UsageError } from "../src/common/errors.ts";

/** Runs a script; an error that its user can mend is one line, and the exit code that of the program's. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RunError)) throw error;
    console.error(messageOf(error));
    process.exitCode = error.exitCode;
  }
}
