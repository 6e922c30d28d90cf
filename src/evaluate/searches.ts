// Which images judged the policies: those of the search that found them, and of the searches from which it was warm-started.

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "../common/errors.ts";
import { isFolder, readText } from "../common/files.ts";
import { loadSizedConfig } from "../config/load.ts";
import type { SizedConfig } from "../config/schema.ts";
import { type Dataset, hasImages } from "../dataset/dataset.ts";
import { Experiment, type KnownFacts } from "../experiment/experiment.ts";
import { notebookAt } from "../experiment/past-trials.ts";
import { warmStartPath } from "../search/settle/warm-start.ts";
import type { UsedBySearch } from "./split.ts";

/** A search, as its folder keeps it. */
export interface Search {
  readonly folder: string;
  readonly config: SizedConfig;
  readonly facts: KnownFacts;
}

/** @throws UsageError if the folder is not an experiment, or a file of it is damaged. */
export function readSearch(folder: string): Search {
  const experiment = Experiment.open(folder);
  return { folder, config: loadSizedConfig(experiment.configPath), facts: experiment.readFacts() };
}

export interface SearchUse {
  readonly used: UsedBySearch;
  /** What is not known of it; a line each. */
  readonly notes: readonly string[];
}

/** Loads the same data at another image size, undefined: not resized. */
export type LoadResized = (imageSize: number | undefined) => Promise<Dataset>;

/**
 * Which images of `dataset` the search and those before it used.
 * @throws what `load` throws, except for a UsageError: the data are then not those of the search.
 */
export async function findUse(search: Search, dataset: Dataset, load: LoadResized): Promise<SearchUse> {
  const { searches, notes } = withEarlier(search);
  const train = new Set<number>();
  const validation = new Set<number>();
  const ownValidation = new Set<number>();
  for (const { folder, config, facts } of searches) {
    if (!(await isSearched(dataset, { config, facts }, load))) {
      const role = folder === search.folder ? "" : ", from which the search was warm-started";
      notes.push(
        `the images are not those of ${folder} (${facts.dataset.name})${role}: if they overlap, its policies look better here than they are`,
      );
      continue;
    }
    const { subsets } = facts;
    checkSubsets(folder, subsets, dataset);
    const target = subsets.validationFrom === "train" ? validation : ownValidation;
    for (const index of subsets.train) train.add(index);
    for (const index of subsets.validation) target.add(index);
  }
  return {
    used: {
      // What one search trained on may have validated another one.
      train: [...train].filter((index) => !validation.has(index)),
      validation: [...validation],
      ...(ownValidation.size > 0 && { ownValidation: [...ownValidation] }),
    },
    // Test images of their own are no images that a search draws.
    notes: dataset.test ? [] : notes,
  };
}

/** @throws UsageError if images are named that the data do not have. */
function checkSubsets(
  folder: string,
  { train, validation, validationFrom }: KnownFacts["subsets"],
  dataset: Dataset,
): void {
  const source = validationFrom === "train" ? dataset.train : dataset.validation;
  if (hasImages(dataset.train, train) && hasImages(source, validation)) return;
  throw new UsageError(
    `${Experiment.open(folder).path("experiment.json")}: subsets names images that the data do not have; restore the file as it was written`,
  );
}

/** Whether a search used these data, at their size or another one. */
async function isSearched(
  dataset: Dataset,
  { config, facts }: Pick<Search, "config" | "facts">,
  load: LoadResized,
): Promise<boolean> {
  const { digest, imageShape } = facts.dataset;
  if (dataset.digest === digest) return true;
  const { height, width } = dataset.train.images;
  // The same data at the same size have the same digest.
  if (height === imageShape[0] && width === imageShape[1]) return false;
  const side = config.image_size;
  try {
    return (await load(side ?? undefined)).digest === digest;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** The search, and all from which it learnt, directly or not; with a note about what cannot be known of them. */
function withEarlier(search: Search): { searches: Search[]; notes: string[] } {
  const searches: Search[] = [];
  const notes: string[] = [];
  const seen = new Set<string>();
  for (let current: Search | undefined = search; current; ) {
    searches.push(current);
    seen.add(resolve(current.folder));
    const { warm_start, method } = current.config;
    // Random search learns nothing.
    if (warm_start === null || method === "random") break;
    const earlier = warmStartOf(current, warm_start);
    if (earlier && seen.has(resolve(earlier.folder))) break;
    if (!earlier) {
      notes.push(
        `it is not known which images validated ${warm_start}, from which ${current.folder} was warm-started: if they are among these, its policies look better here than they are`,
      );
    }
    current = earlier;
  }
  return { searches, notes };
}

/** The experiment of the notebook from which a search learnt; undefined if it cannot be read, or has changed since. */
function warmStartOf({ folder }: Search, warmStart: string): Search | undefined {
  const notebook = notebookAt(warmStart);
  const earlier = isFolder(warmStart) ? warmStart : dirname(warmStart);
  const copy = warmStartPath(Experiment.open(folder));
  if (!existsSync(notebook) || !existsSync(copy)) return undefined;
  try {
    const learnt = readText(copy);
    // A notebook may have been continued since then.
    if (!readText(notebook).startsWith(learnt.slice(0, learnt.lastIndexOf("\n") + 1))) return undefined;
    return readSearch(earlier);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
