// What the commands have in common that run for long by a configuration, keep a folder, and can be resumed.

import type { Command } from "commander";
import { InterruptedError, RunError, UsageError } from "../common/errors.ts";
import { CONTINUE_WITH } from "./break-lines.ts";
import { type KeySetName, settings, somePath } from "./options.ts";

/** The options of a run whose trainings may run on other machines. */
export const QUEUE_OVERRIDES = {
  queue: [
    "queue <url>",
    "let other machines train, through a Redis server, such as redis://host:6379/0 (see worker); null to resume without",
  ],
  queuePrefix: ["queue-prefix <name>", "what the names of all keys begin with (default: deepaugment)"],
  mixed: ["mixed", "let machines train whose results differ in the last digits"],
} as const;

/** Options that override a configuration key: each with its flag and its explanation. */
type Overrides = Readonly<Record<string, readonly [flag: string, explanation: string]>>;

/** Adds `--config`, the overrides and `--set`, for the keys of this set. */
export function addConfigOptions(
  command: Command,
  keys: KeySetName,
  examples: string,
  overrides: Overrides,
): void {
  command.option(
    "-c, --config <file>",
    `a file of settings (YAML); configs/ ${examples}`,
    somePath("--config", "a file"),
  );
  for (const [flag, explanation] of Object.values(overrides)) command.option(`--${flag}`, explanation);
  command.option("--set <key=value>", "change any setting; may be repeated", settings(keys));
}

/** The configuration key of an option: train_size for trainSize. */
export function keyOfOption(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * @param given the configuration keys of all options besides --resume.
 * @param resumable those that may be given with it.
 * @param keeper what keeps its configuration, such as "an experiment".
 * @throws UsageError naming the first other one.
 */
export function checkResumable(given: readonly string[], resumable: readonly string[], keeper: string): void {
  const fixed = given.find((key) => !resumable.includes(key));
  if (fixed === undefined) return;
  throw new UsageError(
    `--${fixed.replaceAll("_", "-")} cannot be used with --resume, because ${keeper} keeps its configuration; only ${resumable.map((key) => `--${key.replaceAll("_", "-")}`).join(", ")} may change`,
  );
}

/** The error that ended a run, with the command that continues it. */
export function withNextCommand(error: unknown, command: string): unknown {
  const next = CONTINUE_WITH + command;
  if (error instanceof InterruptedError) return new InterruptedError(`interrupted; ${next}`);
  if (error instanceof RunError) return new RunError(`${error.message}; then ${next}`);
  return error;
}

/** How busy the workers of a run were; nothing if nothing was left to train. */
export function describeUtilization(utilization: number | null): string[] {
  return utilization === null ? [] : [`Workers were busy ${(100 * utilization).toFixed(1)}% of the time`];
}
