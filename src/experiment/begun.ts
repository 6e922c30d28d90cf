// What a run began with and must still have when it is resumed: the settings that decide the result of a training.

import { formatValue, UsageError } from "../common/errors.ts";

/** Values of keys, as a file of the run keeps them. */
export type Settings = Readonly<Record<string, unknown>>;

/** The settings that decide what a training gives. @param free keys that may change between runs. */
export function fixedSettings(config: object, free: readonly string[]): Settings {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !free.includes(key)));
}

/**
 * Compares the settings of a run to resume with those that it began with; what one of them does not have is passed over.
 * @param path of the file with the settings.
 * @throws UsageError naming the file, the key, and both values.
 */
export function checkSettings(
  path: string,
  { began, now }: { readonly began: Settings; readonly now: Settings },
  what: "experiment" | "evaluation",
): void {
  for (const [key, value] of Object.entries(began)) {
    if (now[key] === undefined || JSON.stringify(now[key]) === JSON.stringify(value)) continue;
    const difference = `${key} is ${formatValue(now[key])}, but the ${what} began with ${formatValue(value)}`;
    throw changed(path, difference, what);
  }
}

export function changed(path: string, how: string, what: "experiment" | "evaluation"): UsageError {
  return new UsageError(`${path}: ${how}; restore the file as it was written, or start a new ${what}`);
}
