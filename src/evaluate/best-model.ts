// The trained model of an evaluation's best arm, in forms that other programs load.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { saveModel } from "../child/saved-model.ts";
import { readBytes, writeFileWhole, writeJson } from "../common/files.ts";
import type { Comparison } from "./comparison.ts";
import type { EvaluationFolder } from "./folder.ts";
import type { ArmTraining } from "./records.ts";
import type { SettledEvaluation } from "./settle.ts";

/** The sample whose weights are saved: the first, since the best one of several would be chosen by the test images. */
export const SAVED_SAMPLE = 0;

/**
 * Writes the model to `best-model/`, if the configuration asks for it; the weights of all arms stay in `weights/`.
 * @param trainings that have ended.
 * @returns the folder, or a note that says why it is not written.
 */
export async function saveBestModel(
  folder: EvaluationFolder,
  { config, source, dataset }: SettledEvaluation,
  { arms }: Comparison,
  trainings: readonly Pick<ArmTraining, "arm" | "sample">[],
): Promise<{ readonly weights?: string; readonly notes: readonly string[] }> {
  if (!config.save_weights) return { notes: [] };
  const [{ arm }] = [...arms].sort((a, b) => b.accuracy - a.accuracy);
  if (!existsSync(folder.weightsPath(arm))) {
    const hasEnded = trainings.some((training) => training.arm === arm && training.sample === SAVED_SAMPLE);
    const note = hasEnded
      ? `best-model/ is not written: ${folder.weightsPath(arm)} is missing; restore it, or start a new evaluation with --save-weights`
      : `best-model/ is not written: sample ${SAVED_SAMPLE + 1} of arm ${arm}, whose weights are saved, has failed; resume the evaluation to try it again`;
    return { notes: [note] };
  }
  const { height, width } = dataset.train.images;
  const classes = dataset.classNames.length;
  const weights = readBytes(folder.weightsPath(arm));
  const images = { height, width, classes, replaceHead: config.replace_head };
  const saved = await saveModel(source.model, images, weights, "weights.bin");
  const best = folder.bestModelPath;
  writeFileWhole(join(best, "weights.safetensors"), weights);
  writeFileWhole(join(best, "weights.bin"), saved.weights);
  writeFileWhole(join(best, "model.json"), saved.json);
  writeJson(join(best, "about.json"), { arm, sample: SAVED_SAMPLE, classNames: dataset.classNames });
  return { weights: best, notes: [] };
}
