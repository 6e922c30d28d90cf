// `deepaugment export`: policies and recipes as a Python module for another framework.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../common/errors.ts";
import { makeFolder, readText, writeFileWhole } from "../common/files.ts";
import type { RecipeName } from "../config/recipes.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { EXPORTS, type Framework, MODULE } from "./frameworks.ts";
import { MARK, type ModuleContent, moduleOf } from "./module.ts";

export interface ExportOptions {
  /** A policy file; with `recipe`, every image goes through the recipe first. */
  readonly policyPath?: string;
  readonly recipe?: RecipeName;
  readonly to: Framework;
  /** The folder for the module. */
  readonly out: string;
  /** Each image's policy is drawn from the best `top`, or from all if there are fewer. */
  readonly top: number;
  /** The originals with copies that are drawn once, as the search trained on them, instead of a transform. */
  readonly added: boolean;
}

export interface ExportOutcome {
  readonly to: Framework;
  /** The path of the module. */
  readonly file: string;
  readonly recipe: RecipeName | null;
  /** The number of policies. */
  readonly policies: number;
  /** How the module is used, in lines of Python. */
  readonly usage: readonly string[];
}

/** @throws UsageError if there is nothing to export, or it cannot be exported so; RunError if it cannot be written. */
export function exportPolicies(options: ExportOptions): ExportOutcome {
  const { to, out, added, recipe } = options;
  const content = contentOf(options);
  if (added) checkAdded(content);
  const file = join(out, `${MODULE}.py`);
  if (existsSync(file) && !readText(file).startsWith(MARK))
    throw new UsageError(`${file} exists, and export did not write it; give another folder to --out`);
  makeFolder(out);
  writeFileWhole(file, moduleOf(content, to, added));
  const { usage } = EXPORTS[to][added ? "added" : "redrawn"];
  return { to, file, recipe: recipe ?? null, policies: content.policies.length, usage };
}

function contentOf({ policyPath, recipe, top }: ExportOptions): ModuleContent {
  if (policyPath === undefined) {
    if (recipe === undefined) throw new UsageError("nothing to export; give --policy, --recipe, or both");
    return { recipe, policies: [] };
  }
  const { policies, dataset } = readPolicyFile(policyPath);
  if (policies.length === 0) throw new UsageError(`${policyPath}: there is no policy in it`);
  return { recipe, policies: policies.slice(0, top), dataset };
}

function checkAdded({ policies, recipe }: ModuleContent): void {
  if (recipe !== undefined)
    throw new UsageError("--added does not apply to a recipe: its images replace their originals");
  const place = policies.findIndex(({ redrawn }) => redrawn);
  if (place >= 0)
    throw new UsageError(
      `--added does not apply to policy ${place + 1}: its images replace their originals and are drawn anew for every epoch, so export it without --added`,
    );
}
