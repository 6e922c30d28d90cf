// The folders that runs create, named by the time.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { RunError, systemCode, systemReason } from "./errors.ts";

/**
 * Makes a new folder `<out>/<YYYY-MM-DD_HH-MM-SS>[-name]`; a number is added if that exists.
 * @param what the run, for the message.
 * @throws RunError if it cannot be made.
 */
export function createRunFolder(out: string, name: string | null, what: string): string {
  const suffix = name ? `-${name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}` : "";
  const base = join(out, timestamp(new Date()) + suffix);
  try {
    mkdirSync(out, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const folder = attempt === 1 ? base : `${base}-${attempt}`;
      try {
        mkdirSync(folder);
        return folder;
      } catch (error) {
        if (systemCode(error) !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    throw new RunError(
      `cannot make the ${what}'s folder ${base}: ${systemReason(error)}; give another with --out`,
    );
  }
}

/** Local time as YYYY-MM-DD_HH-MM-SS. */
function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}_${[two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join("-")}`;
}
