// The folders that runs create, named by the time, and names for folders that do not exist yet.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { RunError, systemCode, systemReason } from "./errors.ts";
import { makeFolder } from "./files.ts";

/**
 * Makes a new folder `<out>/<YYYY-MM-DD_HH-MM-SS>[-name]`; a number is added if that exists.
 * @param what the run, for the message.
 * @throws RunError if it cannot be made.
 */
export function createRunFolder(out: string, name: string | null, what: string): string {
  const suffix = name ? `-${name.replace(/[^\p{L}\p{N}._-]+/gu, "-")}` : "";
  const base = join(out, timestamp(new Date()) + suffix);
  try {
    makeFolder(out);
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

/** A path at which there is nothing: this one, or `<path>-2`, `<path>-3`, … */
export function freePath(path: string): string {
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? path : `${path}-${attempt}`;
    if (!existsSync(candidate)) return candidate;
  }
}

/** Local time as YYYY-MM-DD_HH-MM-SS. */
function timestamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}_${[two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join("-")}`;
}
