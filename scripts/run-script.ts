// Runs scripts so that errors which their user can fix are reported on one line.

import { messageOf, RunError, UsageError } from "../src/common/errors.ts";

/** Runs a script; prints an error that its user can fix on one line and exits with the error's exit code. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof RunError)) throw error;
    console.error(messageOf(error));
    process.exitCode = error.exitCode;
  }
}
