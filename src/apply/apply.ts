// Applies a policy to a dataset, offline: writes every original and the augmented copies of the training images, with a
// manifest, as class folders or in the formats of CIFAR-10 or numpy. Progress is saved continuously, so that an
// interrupted run can be resumed.

import { join } from "node:path";
import { InterruptedError, RunError, UsageError } from "../common/errors.ts";
import type { RecipeName } from "../config/recipes.ts";
import type { DataSettings, Progress } from "../dataset/reader.ts";
import { readGivenPolicies } from "../pipelines/given.ts";
import { evidenceNote } from "../policy/evidence.ts";
import { plainPolicy } from "../policy/policy.ts";
import type { GivenPolicies } from "../policy/policy-file.ts";
import { type ArrangedPicture, type ArrangedSource, arrangePictures } from "./arrangement.ts";
import { checkCifarClasses } from "./cifar-layout.ts";
import type { AppliedPolicy } from "./draws.ts";
import { type FormOptions, type FormSettings, resolveForm } from "./forms.ts";
import { Ledger } from "./ledger.ts";
import { MANIFEST_NAME } from "./names.ts";
import { type OutState, withOutFolder } from "./out-folder.ts";
import { ApplyRun } from "./run.ts";
import { checkSame, createRunFile, type RunResult } from "./run-file.ts";
import { openSource } from "./source.ts";
import type { ApplySettings } from "./task.ts";

export interface ApplyOptions extends FormOptions, DataSettings {
  /**
   * A policy file, best policy first; or another library's pipeline, as `readGivenPolicies` takes it. May be missing if there is
   * a recipe.
   */
  readonly policyPath?: string;
  /** A recipe that every copy goes through, before its policy's chain if there is a policy. */
  readonly recipe?: RecipeName;
  /** A folder with one subfolder per class, an archive, or a dataset's name. */
  readonly data: string;
  /** How the search of the policies read these data; a new run reads them so, unless `columns` or `arrays` are given. */
  readonly searched?: DataSettings;
  /** The output folder: it must not exist, or be empty, or contain a run to resume. */
  readonly out: string;
  /** Whether to resume an interrupted run in `out`; if there is none, one is started. */
  readonly resume?: boolean;
  /** How many of the best policies to use, 1 or more; fewer if the file has fewer. */
  readonly top: number;
  /** Copies of each augmented image, 1 or more; each goes through every chain of a policy drawn for it. */
  readonly copies: number;
  /**
   * Probability in [0, 1] that a training image is augmented. By default each policy augments its portion of the training
   * images, as in the search.
   */
  readonly chance?: number;
  /**
   * Whether techniques that count in pixels scale with the image's side relative to the side at which the policies were
   * judged, which is in the policy file. Defaults to true.
   */
  readonly scale?: boolean;
  /** Height and width that every image is resized to, from 1 to 4096; by default images keep their size. */
  readonly imageSize?: number;
  /**
   * The share of each class's training images that stays in training, in (0, 1): the others become validation images, which
   * are not augmented. By default the data's own splits are kept.
   */
  readonly split?: number;
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
  readonly recipe: RecipeName | null;
  /** The number of policies from which copies were drawn. */
  readonly policies: number;
  /** Whether a search has found them; otherwise they are a pipeline of the user. */
  readonly areFound: boolean;
  /** Pictures in the data. */
  readonly images: number;
  /** The probability that an image is augmented; null if the policies' portions decided. */
  readonly chance: number | null;
  /** The portion of each policy. */
  readonly portions: readonly number[];
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
  const { out, data, policyPath, top, resume = false } = options;
  const file = policyPath === undefined ? undefined : readGivenPolicies(policyPath);
  const settings = settingsOf(options, form, file);
  const outcome = await withOutFolder({ out, data, resume }, (state) => applyTo(state, options, settings));
  const note = file && evidenceNote(file.policies.slice(0, top));
  return note === undefined ? outcome : { ...outcome, notes: [...outcome.notes, note] };
}

/** @throws UsageError if options contradict each other, or there is no policy. */
function settingsOf(
  options: ApplyOptions,
  form: FormSettings,
  file: GivenPolicies | undefined,
): ApplySettings {
  const { seed, copies, chance = null, imageSize = null, split = null, onlyAugmented } = options;
  if (split !== null && onlyAugmented)
    throw new UsageError(
      "--split writes validation pictures, and --only-augmented leaves them out; give one of them",
    );
  return {
    ...sourcesOf(options, file),
    ...{ seed, copies, chance },
    ...{ originals: !onlyAugmented, form, imageSize, split },
  };
}

/** What copies are drawn from. */
function sourcesOf(
  { policyPath, recipe, top, scale = true }: ApplyOptions,
  file: GivenPolicies | undefined,
): Pick<ApplySettings, "policies" | "recipe" | "judgedShape"> {
  if (policyPath === undefined || !file) {
    if (recipe === undefined)
      throw new UsageError(
        "nothing to apply; give --policy with a file, --recipe with a name, or both; see --help",
      );
    return { policies: [], recipe, judgedShape: null };
  }
  const [height, width] = file.dataset?.imageShape ?? [];
  const judgedShape = scale && height && width ? ([height, width] as const) : null;
  return { policies: bestPolicies(policyPath, file, top), recipe: recipe ?? null, judgedShape };
}

/** How the data are read: as given, as when the run to resume began, or as in the search. */
function readingOf({ columns, arrays, searched = {} }: ApplyOptions, state: OutState): DataSettings {
  if (columns ?? arrays) return { columns, arrays };
  if (state.kind === "new") return searched;
  const { data } = state.run;
  return { columns: data.columns, arrays: data.arrays };
}

async function applyTo(
  state: OutState,
  options: ApplyOptions,
  settings: ApplySettings,
): Promise<ApplyOutcome> {
  const { out, data } = options;
  const { policies, recipe, form, seed, chance, split, imageSize } = settings;
  const reading = readingOf(options, state);
  const found = await openSource(data, { ...options, ...reading, form, isResized: imageSize !== null });
  if (form.as === "cifar10") checkCifarClasses(found.classNames, data);
  const wanted = createRunFile(data, found, settings, reading);
  if (state.kind !== "new") checkSame(out, state.run, wanted);
  const facts = {
    ...{ out, manifest: join(out, MANIFEST_NAME), policies: policies.length, images: found.count, chance },
    recipe,
    areFound: policies.some(({ trial }) => trial !== null),
    portions: policies.map(({ portion }) => portion),
  };
  if (state.kind === "finished") return { ...facts, doneBefore: found.count, ...state.run.result };
  const source = await arrangePictures(found, split, seed, data);
  // A resumed run keeps the run file written at its start.
  const run = state.kind === "begun" ? { ...state.run, result: undefined } : wanted;
  const ledger = new Ledger(out, source, run);
  const doneBefore = ledger.done;
  const result = await runToEnd(
    ledger,
    source,
    new ApplyRun({ ...options, settings, training: source.training }),
    options,
  );
  return { ...facts, doneBefore, ...result };
}

function bestPolicies(path: string, { policies }: GivenPolicies, top: number): AppliedPolicy[] {
  if (policies.length === 0) {
    throw new UsageError(`${path} contains no policy: no trial improved on the baseline`);
  }
  return policies.slice(0, top).map((policy) => ({ trial: policy.trial ?? null, ...plainPolicy(policy) }));
}

async function runToEnd(
  ledger: Ledger,
  source: ArrangedSource,
  run: ApplyRun,
  { onProgress }: ApplyOptions,
): Promise<RunResult> {
  try {
    await run.finished(source.load(picturesFrom(source, ledger.done)), async (result) => {
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

function* picturesFrom(source: ArrangedSource, start: number): Generator<ArrangedPicture> {
  for (const picture of source.pictures()) {
    if (picture.position >= start) yield picture;
  }
}
