// What an evaluation began with and must still have when it is resumed: settings, policies, and which images are tested.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { formatValue, UsageError } from "../common/errors.ts";
import { readText } from "../common/files.ts";
import { EVALUATION, type EvaluationConfig } from "../config/evaluation.ts";
import type { EvaluationFacts, EvaluationFolder } from "./folder.ts";
import type { TestSplit } from "./split.ts";

/** Keys that decide no training's result: what is trained, where, and what is kept of it. Data are known by their digest. */
const FREE_KEYS: readonly string[] = [
  ...["samples", "engine", "workers", "threads", "experiment", "policy", "data"],
  ...["out", "name", "save_weights", "checkpoint_seconds"],
];

/** As `evaluation.json` keeps it. */
export interface Begun {
  /** The keys of the configuration that decide the result of a training. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** SHA-256 of `policies.json`; null without policies. */
  readonly policies: string | null;
  /** SHA-256 of the split as JSON. */
  readonly split: string;
}

/** @param policies the text of the policy file, if there is one. */
export function begunWith(config: EvaluationConfig, policies: string | undefined, split: TestSplit): Begun {
  return {
    settings: settingsOf(config),
    policies: policies === undefined ? null : digestOf(policies),
    split: digestOf(JSON.stringify(split)),
  };
}

/**
 * Compares an evaluation to resume with what it began with, if its version kept that.
 * @throws UsageError naming the file that was changed.
 */
export function checkBegun(
  folder: EvaluationFolder,
  config: EvaluationConfig,
  { begun, split }: EvaluationFacts,
): void {
  if (!begun) return;
  const settings = settingsOf(config);
  for (const [key, value] of Object.entries(begun.settings)) {
    if (JSON.stringify(settings[key]) === JSON.stringify(value)) continue;
    throw changed(
      folder.configPath,
      `${key} is ${formatValue(settings[key])}, but the evaluation began with ${formatValue(value)}`,
    );
  }
  if (digestOf(JSON.stringify(split)) !== begun.split) {
    throw changed(folder.factsPath, "split is not the one with which the evaluation began");
  }
  const hasPolicies = existsSync(folder.policyPath);
  if (begun.policies !== null && !hasPolicies) throw changed(folder.policyPath, "the file is missing");
  if (hasPolicies && digestOf(readText(folder.policyPath)) !== begun.policies) {
    throw changed(folder.policyPath, "these are not the policies with which the evaluation began");
  }
}

function settingsOf(config: EvaluationConfig): Record<string, unknown> {
  const names = EVALUATION.names.filter((name) => !FREE_KEYS.includes(name));
  return Object.fromEntries(names.map((name) => [name, config[name as keyof EvaluationConfig]]));
}

function changed(path: string, what: string): UsageError {
  return new UsageError(`${path}: ${what}; restore the file as it was written, or start a new evaluation`);
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
