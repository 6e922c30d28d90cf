// `deepaugment export`: policies and recipes as a Python module for another framework.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../common/errors.ts";
import { createFolder, readText, writeFileWhole } from "../common/files.ts";
import type { RecipeName } from "../config/recipes.ts";
import { readGivenPolicies } from "../pipelines/given.ts";
import { EXPORTS, type Framework, MODULE } from "./frameworks.ts";
import { MARK, type ModuleContent, moduleOf } from "./module.ts";
import { nativeFiles } from "./native-module.ts";

export interface ExportOptions {
  /** A policy file, or another library's pipeline, as `readGivenPolicies` takes it; with `recipe`, every image goes through the recipe first. */
  readonly policyPath?: string;
  readonly recipe?: RecipeName;
  readonly to: Framework;
  /** The folder for the module. */
  readonly out: string;
  /** Each image's policy is drawn from the best `top`, or from all if there are fewer. */
  readonly top: number;
  /** The originals with copies that are drawn once, as the search trained on them, instead of a transform. */
  readonly added: boolean;
  /** The framework's own transforms instead of operations in numpy, if all are exact. Defaults to false. */
  readonly native?: boolean;
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
  const { to, out, added, recipe, native = false } = options;
  if (added && native) throw new UsageError("--native and --added exclude each other; give one of them");
  const content = contentOf(options);
  if (added) checkAdded(content);
  const { files, usage } = native ? nativeFiles(content, to) : ownFiles(content, to, added);
  const file = join(out, `${MODULE}.py`);
  const isOwn = existsSync(file) && readText(file).startsWith(MARK);
  const other = Object.keys(files)
    .map((name) => join(out, name))
    .find((path) => !isOwn && existsSync(path));
  if (other !== undefined)
    throw new UsageError(`${other} exists, and export did not write it; give another folder to --out`);
  createFolder(out);
  for (const [name, text] of Object.entries(files)) writeFileWhole(join(out, name), text);
  return { to, file, recipe: recipe ?? null, policies: content.policies.length, usage };
}

function ownFiles(content: ModuleContent, to: Framework, added: boolean) {
  const { usage } = EXPORTS[to][added ? "added" : "redrawn"];
  return { files: { [`${MODULE}.py`]: moduleOf(content, to, added) }, usage };
}

function contentOf({ policyPath, recipe, top }: ExportOptions): ModuleContent {
  if (policyPath === undefined) {
    if (recipe === undefined) throw new UsageError("nothing to export; give --policy, --recipe, or both");
    return { recipe, policies: [] };
  }
  const { policies, dataset } = readGivenPolicies(policyPath);
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
