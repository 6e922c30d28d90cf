// A policy on a dataset, offline: every original, and the augmented copies of the training images, as a folder of
// class folders with a manifest. Pictures stream through worker processes a few at a time, so that memory does not grow
// with a folder; rows of the manifest stand in the order of the input, whoever wrote the pictures.

import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { InterruptedError, UsageError } from "../common/errors.ts";
import { removeTemporaryFiles } from "../common/files.ts";
import { WorkerDiedError, WorkerPool } from "../common/worker-pool.ts";
import type { SkippedFile } from "../dataset/dataset.ts";
import type { Progress } from "../dataset/reader.ts";
import { type PolicyFile, readPolicyFile } from "../policy/policy-file.ts";
import type { AppliedPolicy } from "./draws.ts";
import { ManifestWriter } from "./manifest.ts";
import { checkOutFolder } from "./out-folder.ts";
import { bytesOf, openSource, type Picture, type PictureSource } from "./source.ts";
import { type ApplySettings, type ApplyTask, type PictureResult, removeOutputs } from "./task.ts";

export interface ApplyOptions {
  /** A file of policies, best first. */
  readonly policyPath: string;
  /** A folder with one subfolder per class, an archive, or a dataset's name. */
  readonly data: string;
  /** The folder to write; it must not exist, or be empty. */
  readonly out: string;
  /** So many of the best policies are used, fewer where the file holds fewer: 1 or more. */
  readonly top: number;
  /** Copies of each augmented image, 1 or more; each goes through every chain of a policy drawn for it. */
  readonly copies: number;
  /** Probability in [0, 1] that a training image is augmented. */
  readonly chance: number;
  /** Whether the originals, and the other splits, are left out. */
  readonly onlyAugmented: boolean;
  readonly seed: number;
  /** Processes; one per core where it is missing. */
  readonly workers?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface ApplyOutcome {
  readonly out: string;
  readonly manifest: string;
  /** From how many policies copies were drawn. */
  readonly policies: number;
  /** Files written. */
  readonly originals: number;
  readonly augmented: number;
  /** What could not be decoded, or was not read, by path. */
  readonly skipped: readonly SkippedFile[];
  /** What a user should know of the data. */
  readonly notes: readonly string[];
}

/** A task holds at most so many pictures, and about so many bytes of them. */
const TASK_PICTURES = 16;
const TASK_BYTES = 1 << 20;

/** So many tasks per process are under way: one slow picture does not keep the others waiting. */
const TASKS_AHEAD = 8;

/**
 * Augments a dataset. The same options and data give the same files, byte for byte, on any number of workers.
 * @throws UsageError where the policies, the data or the output folder are not usable; RunError where an output cannot
 *   be written; InterruptedError on abort. Then there is no manifest, and the files that are there are whole.
 */
export async function applyPolicies(options: ApplyOptions): Promise<ApplyOutcome> {
  const policies = bestPolicies(options.policyPath, readPolicyFile(options.policyPath), options.top);
  checkOutFolder(options.out, options.data);
  const source = await openSource(options.data, options);
  const manifest = new ManifestWriter(join(options.out, "manifest.csv"));
  const { seed, copies, chance } = options;
  const settings = { policies, seed, copies, chance, originals: !options.onlyAugmented };
  const run = new ApplyRun(source, settings, manifest, options);
  try {
    const totals = await run.finished();
    manifest.finish();
    if (run.hasLostProcesses) removeTemporaryFiles(options.out);
    const { notes } = source;
    return { out: options.out, manifest: manifest.path, policies: policies.length, ...totals, notes };
  } catch (error) {
    manifest.discard();
    removeTemporaryFiles(options.out);
    throw error;
  }
}

function bestPolicies(path: string, { policies }: PolicyFile, top: number): AppliedPolicy[] {
  if (policies.length === 0) {
    throw new UsageError(`${path} holds no policy: no trial did better than the baseline`);
  }
  return policies.slice(0, top).map(({ trial, chains }) => ({ trial, chains }));
}

/** One run over all pictures of a source. */
class ApplyRun {
  readonly #source: PictureSource;
  readonly #settings: ApplySettings;
  readonly #manifest: ManifestWriter;
  readonly #options: ApplyOptions;
  readonly #workers: number;
  readonly #pool: WorkerPool<ApplyTask, PictureResult[]>;
  readonly #skipped: SkippedFile[];
  #originals = 0;
  #augmented = 0;
  #done = 0;
  /** Whether a process died in a task; then a file that it was writing may be left under its temporary name. */
  hasLostProcesses = false;

  constructor(
    source: PictureSource,
    settings: ApplySettings,
    manifest: ManifestWriter,
    options: ApplyOptions,
  ) {
    this.#source = source;
    this.#settings = settings;
    this.#manifest = manifest;
    this.#options = options;
    this.#workers = options.workers ?? availableParallelism();
    this.#pool = new WorkerPool("augment", this.#workers);
    this.#skipped = [...source.skipped];
  }

  async finished(): Promise<Pick<ApplyOutcome, "originals" | "augmented" | "skipped">> {
    const underWay: { pictures: readonly Picture[]; results: Promise<PictureResult[]> }[] = [];
    const takeFirst = async () => {
      const { pictures, results } = underWay.shift()!;
      this.#take(pictures, await results);
    };
    try {
      for (const pictures of inTasks(this.#source.pictures())) {
        const results = this.#augment(pictures);
        // A failure is seen when its turn comes; until then it is not "unhandled".
        results.catch(() => {});
        underWay.push({ pictures, results });
        if (underWay.length >= TASKS_AHEAD * this.#workers) await takeFirst();
      }
      while (underWay.length > 0) await takeFirst();
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      const { out } = this.#options;
      throw new InterruptedError(
        `interrupted: ${out} is not complete and has no manifest; empty it and run again`,
      );
    } finally {
      await this.#pool.close();
    }
    this.#checkSome();
    return { originals: this.#originals, augmented: this.#augmented, skipped: this.#skipped };
  }

  /** Runs a task; one that ends its process again and again is halved until the picture that does it is found. */
  async #augment(pictures: readonly Picture[]): Promise<PictureResult[]> {
    const task = { out: resolve(this.#options.out), pictures, settings: this.#settings };
    let starts = 0;
    const onStart = () => {
      if (++starts > 1) this.hasLostProcesses = true;
    };
    try {
      return await this.#pool.run(task, { onStart, signal: this.#options.signal });
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      if (pictures.length === 1) {
        removeOutputs(task, pictures[0]);
        return [{ reason: error.message }];
      }
      const middle = Math.floor(pictures.length / 2);
      return [
        ...(await this.#augment(pictures.slice(0, middle))),
        ...(await this.#augment(pictures.slice(middle))),
      ];
    }
  }

  #take(pictures: readonly Picture[], results: readonly PictureResult[]): void {
    for (const [i, result] of results.entries()) {
      if ("reason" in result) {
        this.#skipped.push({ path: this.#nameOf(pictures[i]), reason: result.reason });
        continue;
      }
      this.#manifest.add(result.rows);
      const augmented = result.rows.filter(({ augmentation }) => augmentation).length;
      this.#augmented += augmented;
      this.#originals += result.rows.length - augmented;
    }
    this.#done += pictures.length;
    const { count } = this.#source;
    this.#options.onProgress?.({ stage: "augmenting", done: this.#done, total: count, unit: "images" });
  }

  #nameOf({ content, source }: Picture): string {
    return "path" in content ? content.path : `${this.#options.data}: ${source}`;
  }

  /** @throws UsageError where no picture at all could be decoded. */
  #checkSome(): void {
    const { count } = this.#source;
    const undecoded = this.#skipped.slice(this.#source.skipped.length);
    if (undecoded.length < count) return;
    const [{ path, reason }] = undecoded;
    throw new UsageError(
      `none of the ${count} pictures in ${this.#options.data} can be decoded (${path}: ${reason})`,
    );
  }
}

/** The pictures in groups for tasks, in order. */
function* inTasks(pictures: Iterable<Picture>): Generator<Picture[]> {
  let group: Picture[] = [];
  let bytes = 0;
  for (const picture of pictures) {
    const size = bytesOf(picture);
    if (group.length > 0 && (group.length >= TASK_PICTURES || bytes + size > TASK_BYTES)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(picture);
    bytes += size;
  }
  if (group.length > 0) yield group;
}
