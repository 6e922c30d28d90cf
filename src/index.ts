// The library's public API: the class DeepAugment, and what it and the command line are made of.
//
//   import { DeepAugment } from "deepaugment";
//   const deepAugment = new DeepAugment("cifar10", { train_set_size: 1000 });
//   const policies = await deepAugment.optimize(100);

export { type Analysis, analyseExperiment } from "./analysis/analysis.ts";
export type { Effect, EffectPoint, Effects, Estimate, JointEffect } from "./analysis/effects.ts";
export { bestSoFar, type HistoryPoint } from "./analysis/history.ts";
export { type Importance, importanceOf } from "./analysis/importance.ts";
export { type ApplyOptions, type ApplyOutcome, applyPolicies } from "./apply/apply.ts";
export { type BatchOptions, imagesWithTopPolicies } from "./augment/batches.ts";
export {
  type AugmentationKey,
  type DrawnOperation,
  drawForImage,
  renderChain,
} from "./augment/chain.ts";
export { augmentTrainingSet } from "./augment/policy.ts";
export { drawRecipe, type RecipeKey } from "./augment/recipes.ts";
export { type JudgedShape, scaledTo } from "./augment/scale.ts";
export type { DrawnParameters, DrawShape, Shape } from "./augment/technique.ts";
export type { LayersModelLike, WithLayersModel } from "./child/own/layers-model.ts";
export type { EpochReport, EpochResult } from "./child/reward.ts";
export { InterruptedError, RunError, StorageError, UsageError } from "./common/errors.ts";
export type { EvaluationConfig, EvaluationInput } from "./config/evaluation.ts";
export { loadConfig, resolveConfig } from "./config/load.ts";
export { RECIPE_PAIRS, RECIPES, type RecipeName } from "./config/recipes.ts";
export type { Config, ConfigInput } from "./config/schema.ts";
export { TECHNIQUES, type TechniqueName } from "./config/techniques.ts";
export type { Controller, Dimension, Judged, Point } from "./controller/controller.ts";
export type { Dataset, LabelledImages } from "./dataset/dataset.ts";
export { datasetInMemory, type ShapedImages } from "./dataset/in-memory.ts";
export { type LoadOptions, loadDataset } from "./dataset/load.ts";
export type { ArraySettings, ColumnChoice, DataSettings } from "./dataset/reader.ts";
export type { ArmSummary, Comparison, Difference } from "./evaluate/comparison.ts";
export {
  type EvaluateOptions,
  type EvaluationExecutor,
  type EvaluationFailure,
  type EvaluationObserver,
  type EvaluationOutcome,
  type EvaluationStart,
  evaluate,
  resumeEvaluation,
} from "./evaluate/evaluation.ts";
export { type FinalResult, type FinalTask, runFinalTraining } from "./evaluate/final-task.ts";
export type { TrainingFailure, TrainingRecord, TrialRecord } from "./experiment/records.ts";
export { type ExportOptions, type ExportOutcome, exportPolicies } from "./export/export.ts";
export type { Framework } from "./export/frameworks.ts";
export type { ImageBatch } from "./image/batch.ts";
export { readGivenPolicies } from "./pipelines/given.ts";
export { type Chain, formatPolicy, type Operation, type Policy } from "./policy/policy.ts";
export {
  type FoundPolicy,
  type GivenPolicies,
  type GivenPolicy,
  type PolicyFile,
  readPolicyFile,
} from "./policy/policy-file.ts";
export {
  type PolicyPreviewOptions,
  type PolicyPreviewOutcome,
  previewPolicy,
} from "./report/policy-sheet.ts";
export type { PreviewOutcome } from "./report/preview.ts";
export { previewRecipe, type RecipePreviewOptions } from "./report/recipe-sheet.ts";
export { previewTechniques, type TechniquesPreviewOptions } from "./report/techniques-sheet.ts";
export type { ConfirmationPlan } from "./search/confirmation.ts";
export { type ContentRef, contentRef, type LocateContent } from "./search/content.ts";
export { DeepAugment, type DeepAugmentConfig, type OptimizeOptions } from "./search/deep-augment.ts";
export {
  type Executor,
  ExecutorError,
  TrainingFailedError,
  type TrainOptions,
} from "./search/executors/executor.ts";
export { InProcessExecutor } from "./search/executors/in-process.ts";
export { ProcessExecutor, type ProcessExecutorOptions } from "./search/executors/processes.ts";
export { RetryingExecutor, type RetryOptions } from "./search/executors/retrying.ts";
export { SILENCE_LIMITS, type SilenceLimits } from "./search/executors/silence-limit.ts";
export {
  type ExecutorChoice,
  type ExperimentObserver,
  type ExperimentOutcome,
  type ExperimentRequest,
  type ExperimentStart,
  runExperiment,
} from "./search/run-experiment.ts";
export type { SearchObserver } from "./search/search.ts";
export { runTraining, type TrainingResult, type TrainingTask } from "./search/training.ts";
