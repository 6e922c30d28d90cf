// A command, run in this process, as a reader.

import { UsageError } from "../../src/common/errors.ts";
import { runMain } from "../cli/run.ts";

/** @returns what it prints. @throws UsageError with its line if it refuses; Error with the stack trace for a defect. */
export async function runCommand(...args: readonly string[]): Promise<string> {
  for (const more of [[], ["--json"]]) {
    const { code, stdout, stderr } = await runMain([...args, ...more]);
    if (code === 0 && stderr === "" && stdout !== "") continue;
    if (/this is a bug/.test(stderr)) throw new Error((await runMain([...args, ...more, "--debug"])).stderr);
    const line = /^deepaugment: ([^\n]*)\n$/.exec(stderr)?.[1];
    if (code === 0 || stdout !== "" || line === undefined)
      throw new Error(`exit code ${code}, stdout ${stdout.slice(0, 200)}, stderr ${stderr.slice(0, 500)}`);
    throw new UsageError(line);
  }
  return "shown";
}
