// What an evaluation began with and must still have when it is resumed: settings, policies, and which images are tested.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readText } from "../common/files.ts";
import { DATA_KEYS } from "../config/data.ts";
import type { EvaluationConfig } from "../config/evaluation.ts";
import { changed, checkSettings, fixedSettings, type Settings } from "../experiment/begun.ts";
import type { EvaluationFacts, EvaluationFolder } from "./folder.ts";
import type { TestSplit } from "./split.ts";

/** Keys that decide no training's result: what is trained, where, and what is kept of it. Data are known by their digest. */
const FREE_KEYS: readonly string[] = [
  ...["samples", "engine", "workers", "threads", "experiment", "policy", "data", ...Object.keys(DATA_KEYS)],
  ...["out", "name", "save_weights", "checkpoint_seconds", "queue", "queue_prefix", "mixed"],
];

/** As `evaluation.json` keeps it. */
export interface Begun {
  /** The keys of the configuration that decide the result of a training. */
  readonly settings: Settings;
  /** SHA-256 of `policies.json`; null without policies. */
  readonly policies: string | null;
  /** SHA-256 of the split as JSON. */
  readonly split: string;
}

/** @param policies the text of the policy file, if there is one. */
export function begunWith(config: EvaluationConfig, policies: string | undefined, split: TestSplit): Begun {
  return {
    settings: fixedSettings(config, FREE_KEYS),
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
  const now = fixedSettings(config, FREE_KEYS);
  checkSettings(folder.configPath, { began: begun.settings, now }, "evaluation");
  if (digestOf(JSON.stringify(split)) !== begun.split) {
    throw changed(folder.factsPath, "split is not the one with which the evaluation began", "evaluation");
  }
  const hasPolicies = existsSync(folder.policyPath);
  if (begun.policies !== null && !hasPolicies)
    throw changed(folder.policyPath, "the file is missing", "evaluation");
  if (hasPolicies && digestOf(readText(folder.policyPath)) !== begun.policies) {
    throw changed(
      folder.policyPath,
      "these are not the policies with which the evaluation began",
      "evaluation",
    );
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
