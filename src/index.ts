// The library's face: what the command line is made of, for programs of one's own.
//
//   import { loadDataset, resolveConfig, runExperiment } from "deepaugment";
//   const config = resolveConfig({ data: "cifar10", iterations: 100 });
//   const { good } = await runExperiment({ config, dataset: await loadDataset(config.data) });

export { type ApplyOptions, type ApplyOutcome, applyPolicies } from "./apply/apply.ts";
export { type BatchOptions, imagesWithTopPolicies } from "./augment/batches.ts";
export { augmentTrainingSet } from "./augment/policy.ts";
export { InterruptedError, RunError, UsageError } from "./common/errors.ts";
export { loadConfig, resolveConfig } from "./config/load.ts";
export type { Config } from "./config/schema.ts";
export { TECHNIQUES, type TechniqueName } from "./config/techniques.ts";
export type { Dataset, LabelledImages } from "./dataset/dataset.ts";
export { type LoadOptions, loadDataset } from "./dataset/load.ts";
export type { TrialRecord } from "./experiment/records.ts";
export type { ImageBatch } from "./image/batch.ts";
export type { Chain, Operation, Policy } from "./policy/policy.ts";
export { type PolicyFile, readPolicyFile } from "./policy/policy-file.ts";
export {
  type PolicyPreviewOptions,
  type PolicyPreviewOutcome,
  previewPolicy,
} from "./report/policy-sheet.ts";
export type { PreviewOutcome } from "./report/preview.ts";
export { previewTechniques, type TechniquesPreviewOptions } from "./report/techniques-sheet.ts";
export { InProcessExecutor, ProcessExecutor } from "./search/executor.ts";
export {
  type ExperimentOutcome,
  type ExperimentRequest,
  type ExperimentStart,
  runExperiment,
} from "./search/run-experiment.ts";
export type { SearchObserver } from "./search/search.ts";
