// Applies a policy to a dataset, offline: writes every original and the augmented copies of the training images, with a
// manifest, as class folders or in the formats of CIFAR-10 or numpy. Progress is saved continuously, so that an
// interrupted run can be resumed.

import { join } from "node:path";
import { InterruptedError, RunError, UsageError } from "../common/errors.ts";
import type { Progress } from "../dataset/reader.ts";
import { type PolicyFile, readPolicyFile } from "../policy/policy-file.ts";
import { checkCifarClasses } from "./cifar-layout.ts";
import type { AppliedPolicy } from "./draws.ts";
import { extensionOf, type FormOptions, type FormSettings, resolveForm } from "./forms.ts";
import { Ledger } from "./ledger.ts";
import { MANIFEST_NAME } from "./names.ts";
import { type OutState, withOutFolder } from "./out-folder.ts";
import { ApplyRun } from "./run.ts";
import { checkSame, createRunFile, type RunResult } from "./run-file.ts";
import { openSource, type Picture, type PictureSource } from "./source.ts";

export interface ApplyOptions extends FormOptions {
  /** A policy file, best policy first. */
  readonly policyPath: string;
  /** A folder with one subfolder per class, an archive, or a dataset's name. */
  readonly data: string;
  /** The output folder: it must not exist, or be empty, or contain a run to resume. */
  readonly out: string;
  /** Whether to resume an interrupted run in `out`; if there is none, one is started. */
  readonly resume?: boolean;
  /** How many of the best policies to use, 1 or more; fewer if the file has fewer. */
  readonly top: number;
  /** Copies of each augmented image, 1 or more; each goes through every chain of a policy drawn for it. */
  readonly copies: number;
  /** Probability in [0, 1] that a training image is augmented. */
  readonly chance: number;
  /** Whether the originals, and the other splits, are left out. */
  readonly onlyAugmented: boolean;
  readonly seed: number;
  /** Number of processes; defaults to one per core. */
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface ApplyOutcome extends RunResult {
  readonly out: string;
  readonly manifest: string;
  /** The number of policies from which copies were drawn. */
  readonly policies: number;
  /** Pictures in the data. */
  readonly images: number;
  /** How many of them earlier runs had finished: all of them if there was nothing left to do. */
  readonly doneBefore: number;
}

/**
 * Augments a dataset. The same options and data give the same files, byte for byte, with any number of workers and
 * after any number of interruptions.
 * @throws UsageError if the options, the policies, the data or the output folder are not usable; RunError if an output
 * cannot be written; InterruptedError on abort. After the last two there is no manifest, existing pictures are
 * complete, and `resume` continues the run.
 */
export async function applyPolicies(options: ApplyOptions): Promise<ApplyOutcome> {
  const form = resolveForm(options);
  const policies = bestPolicies(options.policyPath, readPolicyFile(options.policyPath), options.top);
  const { out, data, resume = false } = options;
  return await withOutFolder({ out, data, resume }, (state) => applyTo(state, options, form, policies));
}

async function applyTo(
  state: OutState,
  options: ApplyOptions,
  form: FormSettings,
  policies: readonly AppliedPolicy[],
): Promise<ApplyOutcome> {
  const { out, data, seed, copies, chance } = options;
  const source = await openSource(data, extensionOf(form), options);
  if (form.as === "cifar10") checkCifarClasses(source.classNames, data);
  const settings = { policies, seed, copies, chance, originals: !options.onlyAugmented, form };
  const wanted = createRunFile(data, source, settings);
  if (state.kind !== "new") checkSame(out, state.run, wanted);
  const facts = { out, manifest: join(out, MANIFEST_NAME), policies: policies.length, images: source.count };
  if (state.kind === "finished") return { ...facts, doneBefore: source.count, ...state.run.result };
  // A resumed run keeps the run file written at its start.
  const run = state.kind === "begun" ? { ...state.run, result: undefined } : wanted;
  const ledger = new Ledger(out, source, run);
  const doneBefore = ledger.done;
  const result = await runToEnd(ledger, source, new ApplyRun({ ...options, settings }), options);
  return { ...facts, doneBefore, ...result };
}

function bestPolicies(path: string, { policies }: PolicyFile, top: number): AppliedPolicy[] {
  if (policies.length === 0) {
    throw new UsageError(`${path} contains no policy: no trial improved on the baseline`);
  }
  return policies.slice(0, top).map(({ trial, chains }) => ({ trial, chains }));
}

async function runToEnd(
  ledger: Ledger,
  source: PictureSource,
  run: ApplyRun,
  { onProgress }: ApplyOptions,
): Promise<RunResult> {
  try {
    await run.finished(picturesFrom(source, ledger.done), async (result) => {
      await ledger.take(result);
      onProgress?.({ stage: "augmenting", done: ledger.done, total: source.count, unit: "images" });
    });
    return await ledger.finish();
  } catch (error) {
    if (error instanceof UsageError) {
      ledger.discard();
      throw error;
    }
    try {
      await ledger.suspend();
    } catch (failure) {
      // Of two failures the first is reported: the second may be its consequence.
      if (error instanceof InterruptedError) throw failure;
    }
    if (error instanceof InterruptedError) {
      throw new InterruptedError(
        `interrupted after ${ledger.done} of ${source.count} pictures: run the same command with --resume to continue`,
      );
    }
    if (error instanceof RunError) throw new RunError(`${error.message}; continue with --resume`);
    throw error;
  }
}

function* picturesFrom(source: PictureSource, start: number): Generator<Picture> {
  for (const picture of source.pictures()) {
    if (picture.index >= start) yield picture;
  }
}
