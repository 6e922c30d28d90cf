// Describes a dataset as plain data, for `data info`.

import { basename, resolve } from "node:path";
import type { ArrayUse, Dataset, LabelSource, SkippedFile } from "./dataset.ts";
import { type LoadOptions, listSource, loadListed } from "./load.ts";
import { countLabels, type SizeCount, SPLITS, type SplitName, splitsOf } from "./reader.ts";
import { MixedSizesError, surveyPictures } from "./readers/pictures.ts";

export interface DatasetDescription {
  readonly name: string;
  readonly classes: readonly ClassDescription[];
  /** Images per split. */
  readonly splits: Partial<Record<SplitName, number>>;
  /** The number of images of each size, the most frequent first. */
  readonly sizes: readonly SizeCount[];
  readonly skipped: readonly SkippedFile[];
  readonly notes: readonly string[];
  /** How labels were read, if they are in files of their own. */
  readonly labels?: LabelSource;
  /** Which arrays were read, if the data are arrays. */
  readonly arrays?: readonly ArrayUse[];
  /** Missing if sizes are mixed: without `image_size` there is no dataset. */
  readonly digest?: string;
}

interface ClassDescription {
  readonly name: string;
  /** Images per split. */
  readonly counts: Partial<Record<SplitName, number>>;
}

/**
 * Describes the data at `source`. Folders of pictures of mixed sizes are described too, without a digest.
 * @throws like loadDataset otherwise.
 */
export async function describeSource(source: string, options: LoadOptions = {}): Promise<DatasetDescription> {
  const found = await listSource(source, options);
  try {
    return describeDataset(await loadListed(found, options));
  } catch (error) {
    if (!(error instanceof MixedSizesError) || found.named || !found.list) throw error;
    const { classNames, counts, ...rest } = await surveyPictures(found.list, options);
    const notes = [...found.notes, ...rest.notes];
    return describe(basename(resolve(source)), classNames, counts, { ...rest, notes });
  }
}

/** Describes a dataset in memory. */
export function describeDataset(dataset: Dataset): DatasetDescription {
  const { name, classNames, skipped, notes = [], labels, arrays, digest } = dataset;
  const counts: Partial<Record<SplitName, number[]>> = {};
  const sizes = new Map<string, SizeCount>();
  for (const [split, { images, labels }] of splitsOf(dataset)) {
    const { height, width } = images;
    const count = (sizes.get(`${height} ${width}`)?.count ?? 0) + images.count;
    sizes.set(`${height} ${width}`, { height, width, count });
    counts[split] = countLabels(labels, classNames.length);
  }
  return describe(name, classNames, counts, {
    ...{ sizes: [...sizes.values()], skipped, notes },
    ...(labels && { labels }),
    ...(arrays && { arrays }),
    digest,
  });
}

function describe(
  name: string,
  classNames: readonly string[],
  counts: Partial<Record<SplitName, readonly number[]>>,
  rest: Pick<DatasetDescription, "sizes" | "skipped" | "notes" | "labels" | "arrays" | "digest">,
): DatasetDescription {
  const present = SPLITS.filter((split) => counts[split]);
  const perSplit = (count: (split: SplitName) => number) => {
    return Object.fromEntries(present.map((split) => [split, count(split)]));
  };
  return {
    name,
    classes: classNames.map((className, label) => {
      return { name: className, counts: perSplit((split) => counts[split]![label]) };
    }),
    splits: perSplit((split) => counts[split]!.reduce((sum, count) => sum + count, 0)),
    ...rest,
  };
}
