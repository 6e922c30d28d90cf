// Where an evaluation's data and policies come from: an experiment, a policy file, or neither; found before images are decoded.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { checkModel } from "../child/model.ts";
import { UsageError } from "../common/errors.ts";
import { isFolder } from "../common/files.ts";
import type { EvaluationConfig } from "../config/evaluation.ts";
import { IN_MEMORY } from "../dataset/in-memory.ts";
import { type DataSettings, dataSettings } from "../dataset/reader.ts";
import { isSameData } from "../experiment/reading.ts";
import { isNameOf, readGivenPolicies } from "../pipelines/given.ts";
import type { GivenPolicy } from "../policy/policy-file.ts";
import { settleModel } from "../search/settle/model.ts";
import { readSearch, type Search } from "./searches.ts";

export interface EvaluationSource {
  /** A dataset's name, or a path. */
  readonly data: string;
  readonly settings: DataSettings;
  /** In pixels; null: not resized. auto: the data decide. */
  readonly imageSize: number | null | "auto";
  /** A name, or the path of the user's own model. */
  readonly model: string;
  /** Best first if a search has found them; empty if there are none. */
  readonly policies: readonly GivenPolicy[];
  /** [height, width, channels] of the images on which they were judged; undefined if no search did. */
  readonly judgedShape: readonly [number, number, number] | undefined;
  /** The file of the policies, or the name of another library's augmentation; undefined if none are given. */
  readonly policyPath: string | undefined;
  /** The search that found the policies; undefined if that is not known. */
  readonly foundBy: Search | undefined;
}

/** @throws UsageError if the experiment, the policies or the model cannot be used, or no data are named. */
export function findSource(config: EvaluationConfig): EvaluationSource {
  const policyPath = policyPathOf(config);
  const policyFolder = policyPath && experimentOf(policyPath);
  const folder = config.experiment ?? policyFolder;
  if (folder !== undefined && policyFolder !== undefined && resolve(folder) !== resolve(policyFolder)) {
    throw new UsageError(
      `the policies are of ${policyFolder}, another search than ${folder}, which may have been validated on the test images; give --policy alone, and --data if needed`,
    );
  }
  const foundBy = folder === undefined ? undefined : readSearch(folder);
  const data = config.data ?? foundBy?.config.data;
  if (data === undefined) {
    throw new UsageError(
      `there are no images to evaluate on; give --experiment with the folder of a search, or --data`,
    );
  }
  if (data === IN_MEMORY) {
    throw new UsageError(`${folder} began with images in memory; give them as files with --data`);
  }
  const isOther = foundBy !== undefined && !isSameData(data, foundBy.config.data);
  const isOwn = isOther || Object.keys(dataSettings(config)).length > 0;
  const settings = dataSettings(isOwn || !foundBy ? config : foundBy.config);
  const { image_size } = config;
  const imageSize = image_size === "auto" && foundBy ? foundBy.config.image_size : image_size;
  const model = modelOf(config, foundBy);
  const side = typeof imageSize === "number" ? imageSize : undefined;
  checkModel(model, side, side);
  return { data, settings, imageSize, model, ...policiesIn(policyPath), policyPath, foundBy };
}

/** What a policy file says of its policies. */
export function policiesIn(path: string | undefined): Pick<EvaluationSource, "policies" | "judgedShape"> {
  if (path === undefined) return { policies: [], judgedShape: undefined };
  const { policies, dataset } = readGivenPolicies(path);
  return { policies, judgedShape: dataset?.imageShape };
}

/** The file of all policies: as given, or that of the experiment. */
function policyPathOf({ policy, experiment }: EvaluationConfig): string | undefined {
  const path = policy ?? experiment;
  if (path === null) return undefined;
  return isFolder(path) ? join(path, "policies.json") : path;
}

/** The folder of the experiment in which a policy file is; undefined if there is no such experiment. */
function experimentOf(policyPath: string): string | undefined {
  const folder = dirname(policyPath);
  return !isNameOf(policyPath) && existsSync(join(folder, "experiment.json")) ? folder : undefined;
}

function modelOf({ model }: EvaluationConfig, foundBy: Search | undefined): string {
  if (model !== "auto") return model;
  return foundBy ? settleModel(foundBy.config.model, foundBy.folder) : "basiccnn";
}
