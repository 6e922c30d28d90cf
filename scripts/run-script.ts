// Runs scripts so that errors which their user can fix are reported on one line.

import { messageOf, RunError, systemCode, UsageError } from "../src/common/errors.ts";

/** Runs a script; prints an error that its user can fix on one line and exits with the error's exit code. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (thrown) {
    // What `parseArgs` throws is the user's to fix, too.
    const isOfOptions = systemCode(thrown)?.startsWith("ERR_PARSE_ARGS_");
    const error = isOfOptions ? new UsageError(messageOf(thrown)) : thrown;
    if (!(error instanceof UsageError || error instanceof RunError)) throw error;
    console.error(messageOf(error));
    process.exitCode = error.exitCode;
  }
}
